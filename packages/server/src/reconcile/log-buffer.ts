import type { Cursor, LogChunk } from "@berth/spec"
import type { StoredChunk } from "../store/store.ts"
import { createMasker, type Masker, type Patterns } from "./mask.ts"

/**
 * Where to go on reading, as it is stored with every chunk: the executor's cursor, and how many bytes after it are
 * stored already. The cursor lies far enough back that a secret value which began before the end of what is stored is
 * seen whole once more.
 */
export interface Resume {
  readonly cursor?: Cursor
  readonly skip: number
}

export function parseResume(text: string): Resume {
  if (text === "") return { skip: 0 }
  const { cursor, skip } = JSON.parse(text) as Resume
  return { skip, ...(cursor !== undefined && { cursor }) }
}

export interface LogBufferOptions {
  readonly patterns: Patterns
  /** Bytes of the stream that are stored. */
  readonly length: number
  /** The last stored byte, when there is one. */
  readonly lastByte?: number
  /** As stored with the last chunk. */
  readonly resume: Resume
}

interface Piece {
  readonly offset: number
  readonly bytes: Buffer[]
  readonly lines: (readonly [number, string])[]
  readonly gap?: string
}

/** A place in the source to go on from. */
interface Place {
  readonly cursor?: Cursor
  readonly position: number
}

const newline = 0x0a

/** Bytes on their way from an executor to the store: masked, with line times and with where to go on. */
export class LogBuffer {
  readonly #masker: Masker
  readonly #longest: number
  #pieces: Piece[] = []
  #size = 0
  #length: number
  /** Position after the last byte that the masker let go, and after the last byte it was given. */
  #out: number
  #fed: number
  #lastByte: number
  /** Oldest first. */
  #places: Place[]
  /** When the bytes up to a position were seen, oldest first. */
  #seen: { readonly to: number; readonly at: string }[] = []
  /** Cut: no byte is kept any more. */
  #isFull = false

  constructor({ patterns, length, lastByte = newline, resume }: LogBufferOptions) {
    this.#masker = createMasker(patterns)
    this.#longest = Math.max(0, ...patterns.map((pattern) => pattern.length))
    this.#length = length
    this.#out = length - resume.skip
    this.#fed = this.#out
    this.#lastByte = lastByte
    this.#places = [{ ...resume, position: this.#out }]
  }

  /** Bytes not stored yet. */
  get size(): number {
    return this.#size
  }

  /** Length of the stream with what is not stored yet. */
  get length(): number {
    return this.#length
  }

  push(chunk: LogChunk): void {
    if (chunk.gap !== undefined) this.markGap(chunk.gap)
    this.#fed += chunk.bytes.length
    this.#seen = [...this.#seen.filter(({ to }) => to > this.#out), { to: this.#fed, at: chunk.at }]
    this.#keep(this.#masker.push(chunk.bytes))
    this.#places.push({ cursor: chunk.cursor, position: this.#fed })
    this.#places = this.#places.slice(this.#safePlace())
  }

  /** Nothing more comes: what was held back is let go. */
  end(): void {
    this.#keep(this.#masker.flush())
  }

  /** Bytes are missing from here on, for good. */
  markGap(reason: string): void {
    this.end()
    if (this.#out < this.#length && !this.#isFull) return
    this.#addPiece(reason)
    this.#lastByte = newline
  }

  /** Keeps no byte beyond this length of the stream. */
  cutAt(limit: number): void {
    if (this.#length <= limit) return
    this.#pieces = this.#pieces
      .map((piece) => cutPiece(piece, limit))
      .filter((piece) => piece.offset < limit || piece.gap !== undefined)
    this.#size -= this.#length - limit
    this.#length = limit
    this.#isFull = true
  }

  /** What is not stored yet. */
  peek(): readonly StoredChunk[] {
    const resume = JSON.stringify(this.#resume())
    return this.#pieces.map(({ offset, bytes, lines, gap }) => {
      return { offset, bytes: Buffer.concat(bytes), lines, resume, ...(gap !== undefined && { gap }) }
    })
  }

  /** What {@link LogBuffer.peek} gave is stored now. */
  stored(): void {
    this.#pieces = []
    this.#size = 0
  }

  #keep(bytes: Buffer): void {
    const from = Math.max(this.#out, this.#length)
    const fresh = bytes.subarray(from - this.#out)
    this.#out += bytes.length
    if (fresh.length === 0 || this.#isFull) return
    const piece = this.#pieces.at(-1) ?? this.#addPiece()
    for (const at of lineStarts(fresh, this.#lastByte)) {
      piece.lines.push([from + at - piece.offset, this.#timeOf(from + at)])
    }
    piece.bytes.push(fresh)
    this.#lastByte = fresh.at(-1) ?? this.#lastByte
    this.#size += fresh.length
    this.#length += fresh.length
  }

  #addPiece(gap?: string): Piece {
    const piece: Piece = { offset: this.#length, bytes: [], lines: [], ...(gap !== undefined && { gap }) }
    this.#pieces.push(piece)
    return piece
  }

  #timeOf(position: number): string {
    return this.#seen.find(({ to }) => position < to)?.at ?? ""
  }

  /** The last place from which every secret value that reaches over the end of what is kept is seen whole. */
  #safePlace(): number {
    const limit = Math.max(0, this.#length - this.#longest + 1)
    return Math.max(
      0,
      this.#places.findLastIndex(({ position }) => position <= limit),
    )
  }

  #resume(): Resume {
    const place = this.#places[this.#safePlace()]
    return { skip: this.#length - (place?.position ?? 0), ...(place?.cursor !== undefined && { cursor: place.cursor }) }
  }
}

function lineStarts(bytes: Buffer, before: number): readonly number[] {
  const starts = before === newline ? [0] : []
  for (let at = bytes.indexOf(newline); at >= 0 && at + 1 < bytes.length; at = bytes.indexOf(newline, at + 1)) {
    starts.push(at + 1)
  }
  return starts
}

function cutPiece(piece: Piece, limit: number): Piece {
  const room = Math.max(0, limit - piece.offset)
  const bytes = Buffer.concat(piece.bytes).subarray(0, room)
  return { ...piece, bytes: [bytes], lines: piece.lines.filter(([at]) => at < room) }
}
