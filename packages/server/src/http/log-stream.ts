import { isAtRest, type LogQuery } from "@berth/spec"
import type { LogKey, Store } from "../store/store.ts"
import type { AppDeps } from "./deps.ts"
import type { Handlers } from "./handlers.ts"
import { type Carry, cutChunk, isWanted, type Positions, type StreamPosition, streamName } from "./log-pieces.ts"
import { findTail } from "./log-tail.ts"
import { requireRun } from "./runs.ts"
import type { EventStream, Streams } from "./sse.ts"
import { createWakeUp } from "./wake-up.ts"

const chunksAtOnce = 64
const lookAgainMs = 10_000

/** The lines of a run's log as they come; the event id holds how far every stream of it was read. */
export function logStreamHandlers(deps: AppDeps, streams: Streams): Pick<Handlers, "streamRunLogs"> {
  const { store } = deps
  return {
    async streamRunLogs({ params, query, request, reply }) {
      const { project, run } = params
      const { created } = await requireRun(store, project, run)
      const resumed = readPositions(request.headers["last-event-id"])
      const start =
        resumed ?? (query.tail === undefined ? {} : await findTail(store, { project, run, query, lines: query.tail }))
      const stream = streams.open(request, reply)
      const wakeUp = createWakeUp()
      const end = store.onChange(project, (_, changed) => {
        if (changed === run) wakeUp.ring()
      })
      try {
        const reader = createReader(store, { project, run, query, start, stream, created })
        for (;;) {
          // The state is read first: what it was final with is in the log already.
          const row = await store.runs.get(project, run)
          await reader.send()
          if (stream.signal.aborted) return
          const state = row?.state ?? "DELETED"
          if (query.follow === false || isAtRest(state)) {
            await stream.send({ event: "end", data: { state } })
            return
          }
          await wakeUp.wait(lookAgainMs, stream.signal)
        }
      } finally {
        end()
        stream.end()
      }
    },
  }
}

/** `name=chunk.offset` for each stream, base64url: opaque to clients, readable to whoever debugs. */
function printPositions(positions: ReadonlyMap<string, StreamPosition>): string {
  const text = [...positions].map(([name, { chunk, offset }]) => `${name}=${chunk}.${offset}`).join("\n")
  return Buffer.from(text).toString("base64url")
}

/** An id that this server did not print is as good as none. */
function readPositions(header: string | string[] | undefined): Positions | undefined {
  if (typeof header !== "string") return undefined
  const positions: Record<string, StreamPosition> = Object.create(null)
  for (const line of Buffer.from(header, "base64url").toString("utf8").split("\n")) {
    const [, name, chunk, offset] = /^(.+)=(\d{1,15})\.(\d{1,15})$/.exec(line) ?? []
    if (name === undefined) return undefined
    positions[name] = { chunk: Number(chunk), offset: Number(offset) }
  }
  return positions
}

interface Reading {
  readonly project: string
  readonly run: string
  readonly query: LogQuery
  readonly start: Positions
  readonly stream: EventStream
  /** Of the run: the time of a line whose beginning nobody saw. */
  readonly created: string
}

function createReader(store: Store, { project, run, query, start, stream, created }: Reading) {
  const since = query.since === undefined ? "" : new Date(query.since).toISOString()
  const carries = new Map<string, Carry>()
  const positions = new Map(Object.entries(start))

  async function sendStream(key: LogKey): Promise<void> {
    const name = streamName(key)
    let carry = carries.get(name) ?? toCarry(positions.get(name), created)
    for (;;) {
      const read = carry.bytes.length > 0 ? carry.position.chunk + 1 : carry.position.chunk
      const chunks = await store.logs.read(key, { after: read }, chunksAtOnce)
      for (const chunk of chunks) {
        const cut = cutChunk(chunk, carry)
        for (const piece of cut.pieces) {
          positions.set(name, piece.position)
          if (piece.time < since) continue
          const { time, text, gap } = piece
          const line = { attempt: key.attempt, container: key.container, time, text, ...(gap !== undefined && { gap }) }
          if (!(await stream.send({ event: "line", id: printPositions(positions), data: line }))) return
        }
        carry = cut.carry
        carries.set(name, carry)
      }
      if (chunks.length < chunksAtOnce) return
    }
  }

  return {
    /** Everything that is there and was not sent yet. */
    async send(): Promise<void> {
      const keys = await store.logs.streams(project, run)
      for (const key of keys) {
        if (stream.signal.aborted) return
        if (isWanted(key, query)) await sendStream(key)
      }
    },
  }
}

function toCarry(position: StreamPosition | undefined, time: string): Carry {
  return { position: position ?? { chunk: 0, offset: 0 }, bytes: new Uint8Array(), time }
}
