import * as body from "./body.ts"
import * as params from "./path-params.ts"
import * as query from "./query.ts"
import * as result from "./result.ts"
import { route } from "./route.ts"

const projects = "/api/v1/projects"
const user = { role: "user", wireCompatible: true } as const
const noBody = { body: body.noBody } as const
const noQuery = { query: query.noQuery } as const

/** DigitalHub's projects. */
export const projectRoutes = {
  listProjects: route({
    ...user,
    ...noBody,
    name: "listProjects",
    method: "GET",
    path: projects,
    params: params.noParams,
    query: query.listQuery,
    result: result.pageOf(result.entityResult),
    description: "Projects that the caller may see.",
  }),
  createProject: route({
    ...user,
    ...noQuery,
    name: "createProject",
    method: "POST",
    path: projects,
    params: params.noParams,
    body: body.projectBody,
    result: result.entityResult,
    description: "Creates a project; its name is its id.",
  }),
  readProject: route({
    ...user,
    ...noBody,
    ...noQuery,
    name: "readProject",
    method: "GET",
    path: `${projects}/{project}`,
    params: params.projectParams,
    result: result.entityResult,
    description: "A project, with the latest version of each of its functions.",
  }),
  updateProject: route({
    ...user,
    ...noQuery,
    name: "updateProject",
    method: "PUT",
    path: `${projects}/{project}`,
    params: params.projectParams,
    body: body.entityChange,
    result: result.entityResult,
    description: "Replaces metadata and spec of a project.",
  }),
  deleteProject: route({
    ...user,
    ...noBody,
    name: "deleteProject",
    method: "DELETE",
    path: `${projects}/{project}`,
    params: params.projectParams,
    query: query.cascadeQuery,
    result: result.noResult,
    description: "Deletes a project with everything it owns, runs first. A missing project is no error.",
  }),
  shareProject: route({
    ...user,
    ...noBody,
    name: "shareProject",
    method: "POST",
    path: `${projects}/{project}/share`,
    params: params.projectParams,
    query: query.shareQuery,
    result: result.shareResult,
    description: "Shares a project with a user; `*` is everyone.",
  }),
  listShares: route({
    ...user,
    ...noBody,
    ...noQuery,
    name: "listShares",
    method: "GET",
    path: `${projects}/{project}/share`,
    params: params.projectParams,
    result: result.sharesResult,
    description: "With whom a project is shared.",
  }),
  deleteShare: route({
    ...user,
    ...noBody,
    name: "deleteShare",
    method: "DELETE",
    path: `${projects}/{project}/share`,
    params: params.projectParams,
    query: query.shareIdQuery,
    result: result.noResult,
    description: "Ends a share.",
  }),
} as const
