import { Agent, type Dispatcher, request } from "undici"

/** The daemon refused a request. */
export class DaemonError extends Error {
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.name = "DaemonError"
    this.status = status
  }
}

export interface DaemonRequest {
  readonly query?: Readonly<Record<string, string>>
  readonly body?: unknown
  readonly signal?: AbortSignal
  /** Statuses that are no error: 304, "it is so already". */
  readonly accept?: readonly number[]
}

/** The REST API that Docker and Podman share, over its socket. Paths carry no version: both answer their newest. */
export interface Daemon {
  readonly socket: string
  /** The answer's JSON; undefined when it has no body. */
  call(method: "GET" | "POST" | "DELETE", path: string, options?: DaemonRequest): Promise<unknown>
  /** The same, undefined for 404. */
  find(path: string, options?: DaemonRequest): Promise<unknown>
  /** Bytes as they come, until the daemon ends them or the signal is aborted. */
  stream(method: "GET" | "POST", path: string, options: DaemonRequest): AsyncIterable<Uint8Array>
  close(): Promise<void>
}

/** A daemon that is stuck must not hold the server's work for ever. */
const answerMilliseconds = 60_000

export function connectDaemon(socket: string): Daemon {
  const dispatcher = new Agent({
    connect: { socketPath: socket },
    headersTimeout: answerMilliseconds,
    bodyTimeout: 0,
  })
  const call: Daemon["call"] = async (method, path, options = {}) => {
    const response = await send(dispatcher, method, { path, ...options })
    const text = await response.body.text()
    return text === "" ? undefined : parse(text)
  }
  return {
    socket,
    call,
    async find(path, options) {
      try {
        return await call("GET", path, options)
      } catch (error) {
        if (error instanceof DaemonError && error.status === 404) return undefined
        throw error
      }
    },
    async *stream(method, path, options) {
      const { body } = await send(dispatcher, method, { path, ...options })
      for await (const bytes of body) yield bytes as Uint8Array
    },
    close: () => dispatcher.destroy(),
  }
}

async function send(
  dispatcher: Dispatcher,
  method: Dispatcher.HttpMethod,
  options: DaemonRequest & { readonly path: string },
): Promise<Dispatcher.ResponseData> {
  const response = await request(`http://daemon${options.path}`, {
    dispatcher,
    method,
    ...(options.query !== undefined && { query: options.query }),
    ...(options.signal !== undefined && { signal: options.signal }),
    ...(options.body !== undefined && {
      body: JSON.stringify(options.body),
      headers: { "content-type": "application/json" },
    }),
  })
  const { statusCode } = response
  if (statusCode < 300 || options.accept?.includes(statusCode) === true) return response
  throw new DaemonError(
    statusCode,
    messageOf(await response.body.text()) ?? `The container daemon answered ${statusCode}.`,
  )
}

/** Some answers are one JSON document a line; their caller wants none of them. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

function messageOf(text: string): string | undefined {
  const answer = parse(text)
  if (typeof answer === "object" && answer !== null && "message" in answer) return String(answer.message)
  return text === "" ? undefined : text.slice(0, 2000)
}
