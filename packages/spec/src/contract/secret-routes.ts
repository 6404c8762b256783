import * as body from "./body.ts"
import * as params from "./path-params.ts"
import * as query from "./query.ts"
import * as result from "./result.ts"
import { route } from "./route.ts"

const context = "/api/v1/-/{project}"
const user = { role: "user", wireCompatible: true } as const
const noBody = { body: body.noBody } as const
const noQuery = { query: query.noQuery } as const

/** DigitalHub's secrets. */
export const secretRoutes = {
  listSecrets: route({
    ...user,
    ...noBody,
    name: "listSecrets",
    method: "GET",
    path: `${context}/secrets`,
    params: params.projectParams,
    query: query.listQuery,
    result: result.pageOf(result.entityResult),
    description: "Secrets of a project, without their values.",
  }),
  createSecret: route({
    ...user,
    ...noQuery,
    name: "createSecret",
    method: "POST",
    path: `${context}/secrets`,
    params: params.projectParams,
    body: body.entityBody,
    result: result.entityResult,
    description: "Names a secret; its value is put with `writeSecretValues`.",
  }),
  readSecretValues: route({
    ...user,
    ...noBody,
    name: "readSecretValues",
    method: "GET",
    path: `${context}/secrets/data`,
    params: params.projectParams,
    query: query.secretKeysQuery,
    result: body.secretValuesBody,
    description: "Values of secrets; names without a value are left out.",
  }),
  writeSecretValues: route({
    ...user,
    ...noQuery,
    name: "writeSecretValues",
    method: "PUT",
    path: `${context}/secrets/data`,
    params: params.projectParams,
    body: body.secretValuesBody,
    result: result.secretWriteResult,
    description: "Sets values of secrets that exist, all or none. Empty, or findings about what was stored.",
  }),
  readSecret: route({
    ...user,
    ...noBody,
    ...noQuery,
    name: "readSecret",
    method: "GET",
    path: `${context}/secrets/{id}`,
    params: params.entityParams,
    result: result.entityResult,
    description: "One secret, without its value.",
  }),
  updateSecret: route({
    ...user,
    ...noQuery,
    name: "updateSecret",
    method: "PUT",
    path: `${context}/secrets/{id}`,
    params: params.entityParams,
    body: body.entityChange,
    result: result.entityResult,
    description: "Replaces the metadata of a secret.",
  }),
  deleteSecret: route({
    ...user,
    ...noBody,
    name: "deleteSecret",
    method: "DELETE",
    path: `${context}/secrets/{id}`,
    params: params.entityParams,
    query: query.cascadeQuery,
    result: result.noResult,
    description: "Deletes a secret and its value.",
  }),
  deleteSecrets: route({
    ...user,
    ...noBody,
    name: "deleteSecrets",
    method: "DELETE",
    path: `${context}/secrets`,
    params: params.projectParams,
    query: query.namedDeleteQuery,
    result: result.noResult,
    description: "Deletes a secret by name, with its value.",
  }),
} as const
