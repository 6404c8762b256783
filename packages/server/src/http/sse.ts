import { once } from "node:events"
import type { ServerResponse } from "node:http"
import { BerthError } from "@berth/spec"
import type { FastifyReply, FastifyRequest } from "fastify"

/** One server-sent event. */
export interface ServerEvent {
  readonly event: string
  readonly id?: string
  readonly data: unknown
}

/** An open stream to one client. */
export interface EventStream {
  /** Aborted when the client has gone. */
  readonly signal: AbortSignal
  /** Waits while the client reads slower than it is written to; false once it has gone. */
  send(event: ServerEvent): Promise<boolean>
  end(): void
}

export interface Streams {
  /** @throws BerthError `exhausted` when the client holds too many already */
  open(request: FastifyRequest, reply: FastifyReply): EventStream
  /** Ends all of them: the server is closing. */
  closeAll(): void
}

/** Streams of server-sent events, counted per client. */
export function createStreams(options: { readonly perClient: number; readonly heartbeatMs: number }): Streams {
  const held = new Map<string, number>()
  const open = new Set<ServerResponse>()
  return {
    open(request, reply) {
      const client = request.ip
      const count = held.get(client) ?? 0
      if (count >= options.perClient) {
        throw new BerthError("exhausted", `${client} already holds ${count} streams. Close one and try again.`)
      }
      held.set(client, count + 1)
      const response = reply.hijack().raw
      open.add(response)
      response.once("close", () => {
        open.delete(response)
        const left = (held.get(client) ?? 1) - 1
        if (left > 0) held.set(client, left)
        else held.delete(client)
      })
      return start(response, reply, options.heartbeatMs)
    },
    closeAll() {
      for (const response of open) response.end()
    },
  }
}

function start(response: ServerResponse, reply: FastifyReply, heartbeatMs: number): EventStream {
  const gone = new AbortController()
  const headers = {
    ...reply.getHeaders(),
    "content-type": "text/event-stream; charset=utf-8",
    "x-accel-buffering": "no",
  }
  for (const [name, value] of Object.entries(headers)) if (value !== undefined) response.setHeader(name, value)
  response.writeHead(200)
  response.write(": open\n\n")
  const heartbeat = setInterval(() => response.write(": still here\n\n"), heartbeatMs)
  response.once("close", () => {
    clearInterval(heartbeat)
    gone.abort()
  })
  response.on("error", () => gone.abort())
  return {
    signal: gone.signal,
    send: (event) => write(response, printEvent(event), gone.signal),
    end: () => response.end(),
  }
}

/** A client that closes while it is waited for would never drain: whichever comes first. */
async function write(response: ServerResponse, text: string, gone: AbortSignal): Promise<boolean> {
  if (gone.aborted || response.writableEnded) return false
  if (response.write(text)) return true
  await once(response, "drain", { signal: gone }).catch(() => undefined)
  return !gone.aborted
}

/** JSON has no line breaks outside its texts, and none inside: one data line is enough. */
export function printEvent({ event, id, data }: ServerEvent): string {
  return `${id === undefined ? "" : `id: ${id}\n`}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`
}
