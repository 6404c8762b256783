import { BerthError, createFinding, type Finding, type Route, type RouteName, routes } from "@berth/spec"
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify"
import type * as z from "zod"
import type { Store } from "../store/store.ts"
import { type Authenticate, checkAdmin, checkProject, type Principal } from "./auth.ts"
import type { AppDeps, HttpConfig } from "./deps.ts"
import type { Handler, Handlers } from "./handlers.ts"
import { checkForgery, checkOrigin, type OriginRules } from "./origin.ts"
import { isLoopback } from "./tokens-file.ts"
import { type Place, toFindings } from "./validation.ts"

/** Everything that stands before a handler. */
export interface Guard {
  readonly authenticate: Authenticate
  readonly origin: OriginRules
  readonly store: Store
}

interface Registration {
  readonly handlers: Handlers
  readonly guard: Guard
  readonly config: HttpConfig
  readonly requestBegan: AppDeps["requestBegan"]
}

/** Puts one route of the contract before its handler: origin, identity, access, then the parsed request. */
export function registerRoute(app: FastifyInstance, name: RouteName, registration: Registration): void {
  const { handlers, guard, config, requestBegan } = registration
  const route: Route = routes[name]
  const handler = handlers[name] as Handler<Route>
  const principals = new WeakMap<FastifyRequest, Principal>()
  app.route({
    method: route.method,
    url: route.path.replaceAll(/\{(\w+)\}/g, ":$1"),
    onRequest: async (request, reply) => {
      if (requestBegan !== undefined && route.stream === undefined) reply.raw.once("close", requestBegan())
      principals.set(request, await admit(request, route, { guard, config }))
    },
    handler: async (request, reply) => {
      const principal = principals.get(request)
      if (principal === undefined) throw new BerthError("internal", "A request came past the door.")
      const result = await handler({ ...parseRequest(request, route), principal, request, reply })
      return route.stream === undefined ? answer(reply, result) : reply
    },
  })
}

/** Text and JSON of objects as they are; nothing at all for a deletion. */
function answer(reply: FastifyReply, result: unknown): FastifyReply {
  if (result === undefined) return reply.send()
  if (typeof result === "string") return reply.send(result)
  return reply.type("application/json; charset=utf-8").send(JSON.stringify(result))
}

async function admit(
  request: FastifyRequest,
  route: Route,
  { guard, config }: Pick<Registration, "guard" | "config">,
): Promise<Principal> {
  checkOrigin(request.headers, guard.origin)
  if (!route.wireCompatible) checkForgery(request.method, request.headers)
  if (isPublic(route, config)) return { name: "anonymous", role: "user", projects: [] }
  const principal = await guard.authenticate(request.headers.authorization)
  if (route.role === "admin") checkAdmin(principal)
  const { project } = request.params as { readonly project?: string }
  if (project !== undefined) await checkProject(principal, project, guard.store)
  return principal
}

function isPublic(route: Route, config: HttpConfig): boolean {
  return route.role === "public" && (route.name !== "readMetrics" || isLoopback(config.host))
}

/** Everything that is wrong with path, query and body, at once. */
function parseRequest(request: FastifyRequest, route: Route) {
  const issues: ReturnType<typeof toFindings> = []
  const read = <Value>(schema: z.ZodType<Value>, value: unknown, place: Place): Value | undefined => {
    const parsed = schema.safeParse(value)
    if (parsed.success) return parsed.data
    issues.push(...toFindings(parsed.error.issues, place, membersOf(schema)))
    return undefined
  }
  const parsed = {
    params: read(route.params, request.params, "path"),
    query: read(route.query, request.query, "query"),
    body: read(route.body, readsBody(route) ? bodyOf(request, route) : undefined, "body"),
  }
  issues.push(...checkTexts(request.query))
  if (issues.length > 0) throw new BerthError("invalid", summary(issues), { issues })
  return parsed
}

/** What a body may not hold, a query may not either; paths are told by their patterns. */
function checkTexts(query: unknown): readonly Finding[] {
  return Object.entries(query as Record<string, string | string[]>)
    .filter(([name, value]) => [name, ...[value].flat()].some((text) => text.includes("\0")))
    .map(([name]) => createFinding("request.text", { what: "A NUL character in the query" }, { path: [name] }))
}

function readsBody(route: Route): boolean {
  return route.body.def.type !== "undefined"
}

/** DigitalHub's clients send nulls for what they leave out. */
function bodyOf(request: FastifyRequest, route: Route): unknown {
  const { body } = request
  if (!route.wireCompatible || typeof body !== "object" || body === null || Array.isArray(body))
    return body ?? undefined
  return Object.fromEntries(Object.entries(body).filter(([, value]) => value !== null))
}

function membersOf(schema: z.ZodType): readonly string[] {
  return "shape" in schema && typeof schema.shape === "object" && schema.shape !== null ? Object.keys(schema.shape) : []
}

function summary(issues: readonly { readonly message: string }[]): string {
  const more = issues.length > 1 ? ` (and ${issues.length - 1} more)` : ""
  return `${issues[0]?.message ?? "The request is invalid."}${more}`
}
