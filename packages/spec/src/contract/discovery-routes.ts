import * as body from "./body.ts"
import * as params from "./path-params.ts"
import * as query from "./query.ts"
import * as result from "./result.ts"
import { route } from "./route.ts"

const open = { role: "public", wireCompatible: true } as const
const noBody = { body: body.noBody } as const
const noQuery = { query: query.noQuery } as const

/** Discovery, who am I, health. */
export const discoveryRoutes = {
  readConfiguration: route({
    ...open,
    ...noBody,
    ...noQuery,
    name: "readConfiguration",
    method: "GET",
    path: "/.well-known/configuration",
    params: params.noParams,
    result: result.configurationResult,
    description: "Settings for DigitalHub's clients.",
  }),
  readAuth: route({
    ...open,
    ...noBody,
    ...noQuery,
    role: "user",
    name: "readAuth",
    method: "GET",
    path: "/api/auth",
    params: params.noParams,
    result: result.authResult,
    description: "Who is asking.",
  }),
  login: route({
    ...open,
    ...noQuery,
    role: "user",
    name: "login",
    method: "POST",
    path: "/api/auth",
    params: params.noParams,
    body: body.anyBody,
    result: result.authResult,
    description: "Who is asking, for clients that post.",
  }),
  readHealth: route({
    ...open,
    ...noBody,
    ...noQuery,
    name: "readHealth",
    method: "GET",
    path: "/health",
    params: params.noParams,
    result: result.healthResult,
    description: "Whether the server does its work.",
  }),
  readMetrics: route({
    ...open,
    ...noBody,
    ...noQuery,
    name: "readMetrics",
    method: "GET",
    path: "/metrics",
    params: params.noParams,
    result: result.textResult,
    description: "Figures in Prometheus' text format. Needs a token off loopback.",
  }),
  readApiDocs: route({
    ...open,
    ...noBody,
    ...noQuery,
    name: "readApiDocs",
    method: "GET",
    path: "/v1/api-docs",
    params: params.noParams,
    result: body.jsonObject,
    description: "This API as OpenAPI 3.1.",
  }),
} as const
