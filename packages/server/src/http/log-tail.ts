import type { LogQuery } from "@berth/spec"
import type { LogKey, NumberedChunk, Store } from "../store/store.ts"
import { isWanted, type Positions, type StreamPosition, streamName } from "./log-pieces.ts"

const firstWindowBytes = 64 * 1024
const chunksAtOnce = 64

interface Wanted {
  readonly project: string
  readonly run: string
  readonly query: LogQuery
  readonly lines: number
}

type Stream = LogKey & { readonly length: number }

/** Where a reader begins that wants only the last lines of what is there. */
export async function findTail(store: Store, { project, run, query, lines }: Wanted): Promise<Positions> {
  const positions: Record<string, StreamPosition> = Object.create(null)
  let wanted = lines
  for (const key of (await store.logs.streams(project, run)).filter((stream) => isWanted(stream, query)).reverse()) {
    const starts = wanted === 0 ? [] : await lastLineStarts(store, key, wanted)
    if (starts.length < wanted) {
      wanted -= starts.length
      continue
    }
    positions[streamName(key)] = await positionAt(store, key, starts[0] ?? key.length)
    wanted = 0
  }
  return positions
}

/** Reads backwards in windows that double, as nobody knows how long a line is. */
async function lastLineStarts(store: Store, key: Stream, lines: number): Promise<readonly number[]> {
  for (let window = firstWindowBytes; ; window *= 2) {
    const from = Math.max(0, key.length - window)
    const starts = (await readFrom(store, key, from)).flatMap((chunk) =>
      chunk.lines.map(([offset]) => chunk.offset + offset),
    )
    if (starts.length >= lines || from === 0) return starts.slice(-lines)
  }
}

async function readFrom(store: Store, key: LogKey, from: number): Promise<readonly NumberedChunk[]> {
  const all: NumberedChunk[] = []
  let position: Parameters<Store["logs"]["read"]>[1] = from
  for (;;) {
    const chunks: readonly NumberedChunk[] = await store.logs.read(key, position, chunksAtOnce)
    all.push(...chunks)
    const last = chunks.at(-1)
    if (last === undefined || chunks.length < chunksAtOnce) return all
    position = { after: last.number }
  }
}

async function positionAt(store: Store, key: Stream, offset: number): Promise<StreamPosition> {
  const [chunk] = await store.logs.read(key, Math.min(offset, Math.max(0, key.length - 1)), 1)
  if (chunk === undefined) return { chunk: 0, offset }
  return { chunk: offset >= key.length ? chunk.number : chunk.number - 1, offset }
}
