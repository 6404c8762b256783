import {
  BerthError,
  type ErrorCode,
  errorResult,
  fillPath,
  httpStatus,
  type Route,
  type RouteBody,
  type RouteName,
  type RouteParams,
  type RouteQuery,
  type RouteResult,
  type Routes,
  routes,
} from "@berth/spec"
import { toAbortError } from "./back-off.ts"
import { type CallOptions, toSignal } from "./call-options.ts"
import type { ServerRecord } from "./platform/platform.ts"
import { readServerSentEvents, type ServerSentEvent } from "./sse.ts"

/** What a call of an endpoint carries: the contract says which members there are. */
export type CallRequest<Name extends RouteName> = CallOptions & {
  readonly params: RouteParams<Routes[Name]>
  readonly query?: RouteQuery<Routes[Name]>
  readonly body?: RouteBody<Routes[Name]>
}

/** Speaks HTTP by the contract: the only place of this package that does. */
export interface Transport {
  /**
   * Calls an endpoint.
   *
   * @throws BerthError with the server's code and issues; `unavailable` when no server answers.
   */
  call<Name extends RouteName>(name: Name, request: CallRequest<Name>): Promise<RouteResult<Routes[Name]>>
  /** Opens an event stream; it ends when the connection does. */
  stream<Name extends RouteName>(
    name: Name,
    request: CallRequest<Name> & { readonly lastEventId?: string | undefined },
  ): Promise<AsyncGenerator<ServerSentEvent>>
}

/** Where to send requests, and how. */
export interface TransportOptions {
  /** Asked before the first request and again after a server could not be reached. */
  readonly locate: () => Promise<ServerRecord>
  readonly fetch: typeof globalThis.fetch
}

/** Creates the transport of a client. */
export function createTransport({ locate, fetch }: TransportOptions): Transport {
  let server: Promise<ServerRecord> | undefined

  async function send(name: RouteName, request: CallRequest<RouteName> & { lastEventId?: string | undefined }) {
    const route: Route = routes[name]
    const signal = toSignal(request)
    server ??= locate()
    const { endpoint, token } = await server.catch((error: unknown) => {
      server = undefined
      throw error
    })
    const url = `${endpoint.replace(/\/+$/, "")}${fillPath(route.path, { ...request.params })}${printQuery(request.query)}`
    try {
      const response = await fetch(url, {
        method: route.method,
        headers: toHeaders(route, { token, hasBody: request.body !== undefined, lastEventId: request.lastEventId }),
        ...(request.body !== undefined && { body: JSON.stringify(request.body) }),
        signal,
      })
      if (!response.ok) throw await readError(response)
      return { response, signal, route, endpoint }
    } catch (error) {
      const known = toTransportError(error, signal, endpoint)
      // A server that was started anew may listen elsewhere.
      if (known.code === "unavailable") server = undefined
      throw known
    }
  }

  return {
    async call(name, request) {
      const { response, route, signal, endpoint } = await send(name, request as CallRequest<RouteName>)
      try {
        return readResult(route, await response.text()) as never
      } catch (error) {
        throw toTransportError(error, signal, endpoint)
      }
    },
    async stream(name, request) {
      const { response, signal, endpoint } = await send(name, request as CallRequest<RouteName>)
      return readStream(response, signal, endpoint)
    },
  }
}

async function* readStream(response: Response, signal: AbortSignal, endpoint: string): AsyncGenerator<ServerSentEvent> {
  if (response.body === null) return
  try {
    yield* readServerSentEvents(readChunks(response.body))
  } catch (error) {
    throw toTransportError(error, signal, endpoint)
  }
}

/** Not every browser can iterate a stream; a reader all of them have. Leaving early closes the connection. */
async function* readChunks(body: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  const reader = body.getReader()
  try {
    for (let part = await reader.read(); !part.done; part = await reader.read()) yield part.value
  } finally {
    await reader.cancel().catch(ignoreClosed)
  }
}

/** A connection that failed cannot be closed again; how it failed was told by the read. */
function ignoreClosed(): void {}

function toHeaders(
  route: Route,
  { token, hasBody, lastEventId }: { token: string | undefined; hasBody: boolean; lastEventId: string | undefined },
): Record<string, string> {
  return {
    accept: route.stream === "sse" ? "text/event-stream" : "application/json",
    // A browser page of another origin cannot send it, and so cannot change anything.
    "x-berth-client": "sdk",
    ...(hasBody && { "content-type": "application/json" }),
    ...(token !== undefined && { authorization: `Bearer ${token}` }),
    ...(lastEventId !== undefined && lastEventId !== "" && { "last-event-id": lastEventId }),
  }
}

/** Lists are sent as repeated members, absent members not at all. */
function printQuery(query: object | undefined): string {
  const parts = new URLSearchParams()
  for (const [member, value] of Object.entries(query ?? {})) {
    if (value === undefined) continue
    for (const each of Array.isArray(value) ? value : [value]) parts.append(member, String(each))
  }
  return parts.size === 0 ? "" : `?${parts}`
}

function readResult(route: Route, text: string): unknown {
  const parsed = route.result.safeParse(text === "" ? undefined : parseJson(text))
  if (parsed.success) return parsed.data
  const where = parsed.error.issues[0]?.path.join(".") ?? ""
  throw new BerthError(
    "internal",
    `The server's answer to ${route.name} is not what its contract says${where === "" ? "" : `, at ${where}`}. Is it a Berth server of this version?`,
    { cause: parsed.error },
  )
}

/** What is no JSON stays the text it is: some answers are text. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

async function readError(response: Response): Promise<BerthError> {
  const parsed = errorResult.safeParse(parseJson(await response.text()))
  const requestId = (parsed.data?.request_id ?? response.headers.get("x-request-id")) || undefined
  const code = parsed.data?.code
  return new BerthError(
    code !== undefined && Object.hasOwn(httpStatus, code) ? code : codeOfStatus(response.status),
    parsed.data?.message ?? `The server answered ${response.status} ${response.statusText}`.trim(),
    { issues: parsed.data?.issues ?? [], ...(requestId !== undefined && { requestId }) },
  )
}

function codeOfStatus(status: number): ErrorCode {
  const known = Object.entries(httpStatus).find(([, value]) => value === status)?.[0] as ErrorCode | undefined
  if (known !== undefined) return known
  if (status === 502) return "unavailable"
  return status >= 500 ? "internal" : "invalid"
}

function toTransportError(error: unknown, signal: AbortSignal, endpoint: string): BerthError {
  if (error instanceof BerthError) return error
  if (signal.aborted) return toAbortError(signal)
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
  const reason = cause instanceof Error ? cause.message : String(cause)
  return new BerthError("unavailable", `No answer from ${endpoint}: ${reason}`, { cause: error })
}
