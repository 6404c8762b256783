import type { LogQuery } from "@berth/spec"
import type { LogKey, NumberedChunk } from "../store/store.ts"

/** How far a reader has come in one stream of a log. */
export interface StreamPosition {
  /** Number of the last chunk that was sent whole; 0 for none. */
  readonly chunk: number
  /** Bytes sent. */
  readonly offset: number
}

/** Where each stream of a log was read up to. */
export type Positions = Readonly<Record<string, StreamPosition>>

/** Names a stream of one run's log. */
export function streamName({
  attempt,
  instance,
  container,
}: Pick<LogKey, "attempt" | "instance" | "container">): string {
  return `${attempt}/${instance}/${container}`
}

/** Whether a reader asked for this stream. */
export function isWanted(key: LogKey, query: LogQuery): boolean {
  const { attempt, container } = query
  return (attempt === undefined || key.attempt === attempt) && (container === undefined || key.container === container)
}

/** A part of one line, as it goes out. */
export interface Piece {
  /** When its line began, ISO 8601 UTC. */
  readonly time: string
  readonly text: string
  /** Where a reader goes on after it. */
  readonly position: StreamPosition
  /** Bytes were lost before it: why. */
  readonly gap?: string
}

/** What is carried from one chunk to the next. */
export interface Carry {
  readonly position: StreamPosition
  /** Bytes of a character whose rest is in the next chunk. */
  readonly bytes: Uint8Array
  /** When the line that goes on began. */
  readonly time: string
}

/** Cuts a chunk into pieces of lines. A character that is cut by the chunk's end waits for its rest. */
export function cutChunk(
  chunk: NumberedChunk,
  carry: Carry,
): { readonly pieces: readonly Piece[]; readonly carry: Carry } {
  const skipped = Math.max(0, carry.position.offset + carry.bytes.length - chunk.offset)
  const bytes = concat(carry.bytes, chunk.bytes.subarray(skipped))
  const start = chunk.offset + skipped - carry.bytes.length
  const whole = bytes.length - brokenTail(bytes)
  const lines = chunk.lines.map(([offset, time]) => [chunk.offset + offset - start, time] as const)
  const cuts = [0, ...lines.map(([offset]) => offset).filter((offset) => offset > 0 && offset < whole), whole]
  const done = whole === bytes.length
  const pieces: Piece[] = []
  let time = carry.time
  for (const [index, from] of cuts.slice(0, -1).entries()) {
    const to = cuts[index + 1] ?? whole
    time = lines.findLast(([offset]) => offset <= from)?.[1] ?? time
    if (to <= from) continue
    const isLast = to === whole
    pieces.push({
      time,
      text: decoder.decode(bytes.subarray(from, to)),
      position: { chunk: isLast && done ? chunk.number : chunk.number - 1, offset: start + to },
    })
  }
  const position = { chunk: done ? chunk.number : chunk.number - 1, offset: start + whole }
  const rest = { position, bytes: bytes.slice(whole), time: lines.at(-1)?.[1] ?? time }
  return { pieces: withGap(pieces, chunk, { time, position }), carry: rest }
}

const decoder = new TextDecoder()

function concat(left: Uint8Array, right: Uint8Array): Uint8Array {
  if (left.length === 0) return right
  const both = new Uint8Array(left.length + right.length)
  both.set(left)
  both.set(right, left.length)
  return both
}

/** Says before the first byte after a gap that something is missing, also when nothing follows yet. */
function withGap(
  pieces: readonly Piece[],
  { gap }: NumberedChunk,
  here: Pick<Piece, "time" | "position">,
): readonly Piece[] {
  if (gap === undefined) return pieces
  const [first, ...others] = pieces
  return first === undefined ? [{ ...here, text: "", gap }] : [{ ...first, gap }, ...others]
}

/** How many bytes at the end begin a UTF-8 character that is not complete yet: 0 to 3. */
export function brokenTail(bytes: Uint8Array): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back += 1) {
    const byte = bytes[bytes.length - back] ?? 0
    if ((byte & 0b1100_0000) === 0b1000_0000) continue
    const needed = byte >= 0b1111_0000 ? 4 : byte >= 0b1110_0000 ? 3 : byte >= 0b1100_0000 ? 2 : 1
    return needed > back && byte < 0b1111_1000 ? back : 0
  }
  return 0
}
