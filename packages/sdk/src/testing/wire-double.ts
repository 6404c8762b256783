import { BerthError, type RunEntity, type RunState } from "@berth/spec"
import { expect } from "vitest"
import { type Client, createClient } from "../index.ts"

/** One request as the server's side of the wire sees it. */
export interface Seen {
  readonly method: string
  readonly url: URL
  readonly headers: Headers
  readonly body: unknown
  readonly signal: AbortSignal
}

/** A client whose requests are answered here: by what a server would put on the wire, faults included. */
export function createDouble(answer: (seen: Seen) => Response | Promise<Response>): {
  client: Client
  seen: Seen[]
} {
  const seen: Seen[] = []
  const client = createClient({
    endpoint: "http://berth.test/",
    token: "t0ken",
    fetch: async (input, init) => {
      const request = new Request(input, init)
      const text = await request.text()
      const each: Seen = {
        method: request.method,
        url: new URL(request.url),
        headers: request.headers,
        body: text === "" ? undefined : JSON.parse(text),
        signal: request.signal,
      }
      seen.push(each)
      return await answer(each)
    },
  })
  return { client, seen }
}

/** A run after so many transitions; as on the wire, they do not change when it was updated. */
export function toEntity(state: RunState, count = 0, status: object = {}): RunEntity {
  const time = "2026-01-01T00:00:00.000Z"
  const transitions = Array.from({ length: count }, () => ({ status: state, time }))
  return {
    id: "r1",
    project: "p1",
    name: "r1",
    kind: "python+job:run",
    key: "store://p1/run/python+job:run/r1:r1",
    user: "anonymous",
    metadata: { project: "p1", name: "r1", created: time, updated: time },
    spec: {},
    status: { state, transitions, ...status },
  }
}

export const json = (value: unknown, status = 200) => new Response(JSON.stringify(value), { status })
export const runEvent = (id: number, run: RunEntity) =>
  `id: ${id}\nevent: run\ndata: ${JSON.stringify({ type: "run", seq: id, run })}\n\n`

/** An event stream that a test writes to, breaks, or ends. */
export function createStream(signal: AbortSignal) {
  let controller: ReadableStreamDefaultController<Uint8Array> | undefined
  const body = new ReadableStream<Uint8Array>({
    start: (own) => {
      controller = own
    },
  })
  signal.addEventListener("abort", () => controller?.error(signal.reason))
  return {
    response: new Response(body, { headers: { "content-type": "text/event-stream" } }),
    write: (text: string) => controller?.enqueue(new TextEncoder().encode(text)),
    breakOff: () => controller?.error(new TypeError("terminated")),
    end: () => controller?.close(),
  }
}

export async function refusal(promise: Promise<unknown>): Promise<BerthError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(BerthError)
  return error as BerthError
}

/** Looks again and again until it is so. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 2))
}
