import { BerthError, createFinding } from "@berth/spec"
import type { FastifyError, FastifyReply, FastifyRequest } from "fastify"
import { tooLarge } from "./parse-body.ts"

/** The one place where an error becomes an answer; its cause is logged and never sent. */
export function sendError(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const known = fromFastify(error) ?? BerthError.from(error)
  const level = known.status >= 500 ? "error" : "info"
  request.log[level]({ err: describe(known), code: known.code }, known.message)
  const body = known.code === "internal" ? hide(known, request.id) : known.toBody(request.id)
  return reply.code(known.status).type("application/json; charset=utf-8").send(JSON.stringify(body))
}

/** What nobody foresaw may hold anything: the client learns only where to look. */
function hide(error: BerthError, requestId: string): object {
  const hidden = new BerthError("internal", `The server failed. Its log says why under the request ${requestId}.`)
  return { ...hidden.toBody(requestId), status: error.status }
}

/** A client's mistakes carry no stack, an internal error its cause's. */
function describe(error: BerthError): object | undefined {
  if (error.status < 500) return undefined
  const { cause } = error
  return cause instanceof Error
    ? { type: cause.name, message: cause.message, stack: cause.stack }
    : { type: error.name }
}

/** Fastify's own refusals of a request. */
function fromFastify(error: unknown): BerthError | undefined {
  if (!(error instanceof Error) || !("statusCode" in error)) return undefined
  const { code, statusCode, message } = error as FastifyError
  if (code === "FST_ERR_CTP_BODY_TOO_LARGE") return tooLarge(bodyLimitOf(error))
  if (statusCode === undefined || statusCode >= 500) return undefined
  const finding = createFinding("request.invalid", {
    in: code === "FST_ERR_BAD_URL" ? "path" : "body",
    problem: message,
  })
  return new BerthError(statusCode === 404 ? "not_found" : "invalid", finding.message, { issues: [finding] })
}

function bodyLimitOf(error: Error): number {
  return "limitBytes" in error && typeof error.limitBytes === "number" ? error.limitBytes : defaultBodyLimitBytes
}

/** Largest body when the configuration names none. */
export const defaultBodyLimitBytes = 4 * 1024 * 1024
