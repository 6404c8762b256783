import type { Socket } from "node:net"
import { apiLevel, BerthError, type RouteName, routes } from "@berth/spec"
import Fastify, { type FastifyBaseLogger, type FastifyInstance, type FastifyRequest, LogController } from "fastify"
import { createHandlers } from "./all-handlers.ts"
import { createAuthenticate } from "./auth.ts"
import type { AppDeps } from "./deps.ts"
import { defaultBodyLimitBytes, sendError } from "./errors.ts"
import { createMetrics } from "./metrics.ts"
import { createOpenApi } from "./openapi.ts"
import { createOriginRules } from "./origin.ts"
import { parseBody } from "./parse-body.ts"
import { parseQueryString } from "./query-string.ts"
import { registerRoute } from "./register.ts"
import { createStreams } from "./sse.ts"

/** The HTTP side of the server; `listen` and `close` are its caller's. */
export async function createApp(deps: AppDeps): Promise<FastifyInstance> {
  const app: FastifyInstance = Fastify({
    loggerInstance: deps.log as FastifyBaseLogger,
    logController: new LogController({ disableRequestLogging: true }),
    genReqId: createRequestIds(deps),
    bodyLimit: deps.config.bodyLimitBytes ?? defaultBodyLimitBytes,
    forceCloseConnections: true,
    exposeHeadRoutes: false,
    frameworkErrors: (error, request, reply) => {
      reply.headers(commonHeaders(deps, request.id))
      return sendError(error, request, reply)
    },
    clientErrorHandler: refuseUnreadable,
    routerOptions: {
      querystringParser: parseQueryString,
      maxParamLength: 2048,
      ignoreTrailingSlash: true,
    },
  })
  const metrics = createMetrics(deps)
  addParsers(app)
  addHeaders(app, deps)
  metrics.attach(app)
  app.setErrorHandler(sendError)
  app.setNotFoundHandler((request) => {
    throw new BerthError("not_found", `No such endpoint: ${request.method} ${pathOf(request)}.`)
  })
  const streams = createStreams({
    perClient: deps.config.streamsPerClient ?? 64,
    heartbeatMs: deps.config.heartbeatMs ?? 15_000,
  })
  app.addHook("preClose", async () => streams.closeAll())
  const handlers = createHandlers(deps, { metrics, streams, openApi: () => createOpenApi(deps.version) })
  const guard = {
    authenticate: createAuthenticate(deps),
    origin: createOriginRules({ ...deps.config, open: deps.tokens.length === 0 }),
    store: deps.store,
  }
  for (const name of Object.keys(routes) as RouteName[])
    registerRoute(app, name, { handlers, guard, config: deps.config, requestBegan: deps.requestBegan })
  deps.extend?.(app)
  await app.ready()
  return app
}

/** One random start and a count: unique across restarts, and nearly free. */
function createRequestIds({ newId }: AppDeps): () => string {
  const start = newId().slice(-8)
  let count = 0
  return () => {
    count += 1
    return `${start}-${count}`
  }
}

/** Without the query: it may hold what a log should not. */
function pathOf(request: FastifyRequest): string {
  return request.url.split("?", 1)[0] ?? ""
}

function addParsers(app: FastifyInstance): void {
  app.removeAllContentTypeParsers()
  const parse = (format: "JSON" | "YAML") => async (_request: FastifyRequest, body: Buffer) =>
    body.length === 0 ? undefined : parseBody(body, format)
  app.addContentTypeParser(/^application\/(.+\+)?json\b/i, { parseAs: "buffer" }, parse("JSON"))
  app.addContentTypeParser(/^(application|text)\/(x-)?yaml\b/i, { parseAs: "buffer" }, parse("YAML"))
  app.addContentTypeParser("*", { parseAs: "buffer" }, async (request: FastifyRequest, body: Buffer) => {
    if (body.length === 0) return undefined
    const type = request.headers["content-type"] ?? "no content type"
    throw new BerthError("invalid", `A body of ${type} is not understood. Send application/json or application/x-yaml.`)
  })
}

function commonHeaders({ version }: AppDeps, requestId: string): Record<string, string> {
  return {
    "x-api-version": version,
    "x-api-level": String(apiLevel),
    "x-request-id": requestId,
    "x-content-type-options": "nosniff",
    "cache-control": "no-store",
  }
}

/** What is no HTTP never becomes a request: it is answered on the bare socket, if that still listens. */
function refuseUnreadable(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === "ECONNRESET" || !socket.writable) return void socket.destroy()
  const tooLong = error.code === "HPE_HEADER_OVERFLOW"
  const [status, text] = tooLong ? [431, "Request Header Fields Too Large"] : [400, "Bad Request"]
  const message = tooLong ? "The request's headers are too long." : "This is no HTTP request that can be read."
  const body = JSON.stringify({ status, message, code: "invalid" })
  const head = [`HTTP/1.1 ${status} ${text}`, "content-type: application/json; charset=utf-8", "connection: close"]
  socket.end(`${head.join("\r\n")}\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`)
}

function addHeaders(app: FastifyInstance, deps: AppDeps): void {
  app.addHook("onRequest", async (request, reply) => {
    reply.headers(commonHeaders(deps, request.id))
  })
  app.addHook("onResponse", async (request, reply) => {
    request.log.info(
      { method: request.method, path: pathOf(request), status: reply.statusCode, ms: Math.round(reply.elapsedTime) },
      "answered",
    )
  })
}
