import type * as z from "zod"

/** Who may call a route: anyone, any known principal with access to the project in the path, or an administrator. */
export type RouteRole = "public" | "user" | "admin"

/** One endpoint as data. The server registers it, clients are typed by it, OpenAPI is derived from it. */
export interface Route<Params = unknown, Query = unknown, Body = unknown, Result = unknown> {
  readonly name: string
  readonly method: "GET" | "POST" | "PUT" | "DELETE"
  /** With `{member}` for each member of `params`. */
  readonly path: string
  readonly params: z.ZodType<Params>
  readonly query: z.ZodType<Query>
  /** `undefined` for a route that reads no body. */
  readonly body: z.ZodType<Body>
  /** The answer; for a stream, the data of one event. */
  readonly result: z.ZodType<Result>
  readonly role: RouteRole
  /** One sentence, for OpenAPI. */
  readonly description: string
  /** DigitalHub's own endpoint: unknown members are kept, and a browser's plain form may post to it. */
  readonly wireCompatible: boolean
  /** `sse`: the answer is a stream of server-sent events. */
  readonly stream?: "sse"
}

/** What the path of a route is filled with. */
export type RouteParams<R> = R extends Route<infer Params, infer _Q, infer _B, infer _R> ? Params : never

/** What a route's query may hold, before it is printed. */
export type RouteQuery<R> = R extends Route<infer _P, infer Query, infer _B, infer _R> ? Query : never

/** What a route's body is. */
export type RouteBody<R> = R extends Route<infer _P, infer _Q, infer Body, infer _R> ? Body : never

/** What a route answers. */
export type RouteResult<R> = R extends Route<infer _P, infer _Q, infer _B, infer Result> ? Result : never

/** Fills the path of a route: every member percent-encoded. */
export function fillPath(path: string, params: Readonly<Record<string, string>>): string {
  return path.replaceAll(/\{(\w+)\}/g, (_, member: string) => encodeURIComponent(params[member] ?? ""))
}

/** Types an endpoint by its schemas. */
export function route<Params, Query, Body, Result>(
  definition: Route<Params, Query, Body, Result>,
): Route<Params, Query, Body, Result> {
  return definition
}
