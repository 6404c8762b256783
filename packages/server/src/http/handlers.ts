import type { RouteBody, RouteName, RouteParams, RouteQuery, RouteResult, Routes } from "@berth/spec"
import type { FastifyReply, FastifyRequest } from "fastify"
import type { Principal } from "./auth.ts"

/** One request to a route, parsed. */
export interface Call<R> {
  readonly params: RouteParams<R>
  readonly query: RouteQuery<R>
  readonly body: RouteBody<R>
  readonly principal: Principal
  readonly request: FastifyRequest
  readonly reply: FastifyReply
}

/** What answers one route. */
export type Handler<R> = (call: Call<R>) => Promise<RouteResult<R>>

/** A stream writes its own answer. */
export type StreamHandler<R> = (call: Call<R>) => Promise<void>

type StreamName = "streamEvents" | "streamRunLogs"

/** One handler for every route of the contract. */
export type Handlers = {
  readonly [Name in RouteName]: Name extends StreamName ? StreamHandler<Routes[Name]> : Handler<Routes[Name]>
}
