import * as body from "./body.ts"
import * as params from "./path-params.ts"
import * as query from "./query.ts"
import * as result from "./result.ts"
import { route } from "./route.ts"

const context = "/api/v1/-/{project}"
const user = { role: "user", wireCompatible: true } as const
const noBody = { body: body.noBody } as const
const noQuery = { query: query.noQuery } as const

/** DigitalHub's runs and their logs. */
export const runRoutes = {
  listRuns: route({
    ...user,
    ...noBody,
    name: "listRuns",
    method: "GET",
    path: `${context}/runs`,
    params: params.projectParams,
    query: query.runListQuery,
    result: result.pageOf(result.runResult),
    description: "Runs of a project, newest first.",
  }),
  createRun: route({
    ...user,
    name: "createRun",
    method: "POST",
    path: `${context}/runs`,
    params: params.projectParams,
    query: query.submitQuery,
    body: body.entityBody,
    result: result.runResult,
    description: "Submits a run: checks it whole, stores it, answers READY.",
  }),
  readRun: route({
    ...user,
    ...noBody,
    ...noQuery,
    name: "readRun",
    method: "GET",
    path: `${context}/runs/{id}`,
    params: params.entityParams,
    result: result.runResult,
    description: "One run.",
  }),
  updateRun: route({
    ...user,
    ...noQuery,
    name: "updateRun",
    method: "PUT",
    path: `${context}/runs/{id}`,
    params: params.entityParams,
    body: body.entityChange,
    result: result.runResult,
    description: "Merges metadata and status of a run; the spec only while it is CREATED.",
  }),
  deleteRun: route({
    ...user,
    ...noBody,
    name: "deleteRun",
    method: "DELETE",
    path: `${context}/runs/{id}`,
    params: params.entityParams,
    query: query.cascadeQuery,
    result: result.runResult,
    description: "Ends a run if need be and removes it; answers DELETING.",
  }),
  actOnRun: route({
    ...user,
    ...noQuery,
    name: "actOnRun",
    method: "POST",
    path: `${context}/runs/{id}/{event}`,
    params: params.runEventParams,
    body: body.anyBody,
    result: result.runResult,
    description: "Asks a run to stop or to resume. What is not possible changes nothing and says why.",
  }),
  readRunLogs: route({
    ...user,
    ...noBody,
    ...noQuery,
    name: "readRunLogs",
    method: "GET",
    path: `${context}/runs/{id}/logs`,
    params: params.entityParams,
    result: result.logsResult,
    description: "The logs of a run so far, one entry per container.",
  }),
  listLogs: route({
    ...user,
    ...noBody,
    name: "listLogs",
    method: "GET",
    path: `${context}/logs`,
    params: params.projectParams,
    query: query.logListQuery,
    result: result.pageOf(result.logResult),
    description: "Logs of a run, as a page.",
  }),
} as const
