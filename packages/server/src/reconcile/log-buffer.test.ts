import fc from "fast-check"
import { describe, expect, test } from "vitest"
import type { StoredChunk } from "../store/store.ts"
import { LogBuffer, parseResume } from "./log-buffer.ts"
import { createMasker, type Patterns, toPatterns } from "./mask.ts"
import { after } from "./testing/rows.ts"

function maskWhole(bytes: Buffer, patterns: Patterns): Buffer {
  const masker = createMasker(patterns)
  return Buffer.concat([masker.push(bytes), masker.flush()])
}

/** What the store has of a stream. */
class Stored {
  readonly chunks: StoredChunk[] = []

  get bytes(): Buffer {
    return Buffer.concat(this.chunks.map(({ bytes }) => bytes))
  }

  open(patterns: Patterns): LogBuffer {
    const { bytes } = this
    const lastByte = bytes.at(-1)
    const resume = parseResume(this.chunks.at(-1)?.resume ?? "")
    return new LogBuffer({ patterns, length: bytes.length, resume, ...(lastByte !== undefined && { lastByte }) })
  }

  take(buffer: LogBuffer): void {
    for (const chunk of buffer.peek()) {
      expect(chunk.offset).toBe(this.bytes.length)
      this.chunks.push(chunk)
    }
    buffer.stored()
  }

  /** Times of all lines, by position. */
  get lines(): readonly (readonly [number, string])[] {
    return this.chunks.flatMap(({ offset, lines }) => lines.map(([at, time]) => [offset + at, time] as const))
  }
}

/** A source whose cursor is a byte offset; chunk number n was seen n seconds after the start. */
function* readFrom(whole: Buffer, cursor: string | undefined, sizes: readonly number[]) {
  let at = Number(cursor ?? "0")
  for (let index = 0; at < whole.length; index++) {
    const bytes = whole.subarray(at, at + (sizes[index % sizes.length] ?? 1))
    at += bytes.length
    yield { bytes, at: after(at), cursor: String(at) }
  }
}

const word = fc.string({ unit: fc.constantFrom("a", "b"), minLength: 6, maxLength: 8 })
const sizes = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 6 })

describe("LogBuffer", () => {
  test("whatever the chunks and wherever the server dies, the stored log is the masked whole, once and in order", () => {
    fc.assert(
      fc.property(
        fc.array(word, { maxLength: 2 }),
        fc.array(fc.oneof(word, fc.constantFrom("\n", "x")), { maxLength: 25 }),
        fc.record({ sizes, deaths: fc.array(fc.nat({ max: 12 }), { maxLength: 6 }) }),
        (secrets, words, { sizes: each, deaths }) => {
          const patterns = toPatterns(secrets)
          const whole = Buffer.from([...words, ...secrets, ...words].join(""))
          const stored = new Stored()
          for (const chunksBeforeDeath of [...deaths, Number.POSITIVE_INFINITY]) {
            const buffer = stored.open(patterns)
            let count = 0
            for (const chunk of readFrom(whole, parseResume(stored.chunks.at(-1)?.resume ?? "").cursor, each)) {
              if (count++ >= chunksBeforeDeath) break
              buffer.push(chunk)
              if (count % 2 === 0) stored.take(buffer)
            }
            if (chunksBeforeDeath === Number.POSITIVE_INFINITY) {
              buffer.end()
              stored.take(buffer)
            }
          }
          const expected = maskWhole(whole, patterns)
          expect(stored.bytes.toString()).toBe(expected.toString())
          const starts = [...expected.keys()].filter((at) => at === 0 || expected[at - 1] === 0x0a)
          expect(stored.lines.map(([at]) => at)).toEqual(starts)
          for (const [at, time] of stored.lines) expect(Date.parse(time)).toBeGreaterThanOrEqual(Date.parse(after(at)))
        },
      ),
      { numRuns: 1000 },
    )
  })

  test("without secrets nothing is read twice", () => {
    const stored = new Stored()
    const buffer = stored.open([])
    for (const chunk of readFrom(Buffer.from("one\ntwo\n"), undefined, [3])) buffer.push(chunk)
    stored.take(buffer)
    expect(parseResume(stored.chunks.at(-1)?.resume ?? "")).toEqual({ cursor: "8", skip: 0 })
  })

  test("a gap of the source stands where it was, and its line begins anew", () => {
    const stored = new Stored()
    const buffer = stored.open(toPatterns(["secret"]))
    buffer.push({ bytes: Buffer.from("head sec"), at: after(1), cursor: "8" })
    buffer.push({ bytes: Buffer.from("ret tail\n"), at: after(2), cursor: "20", gap: "rotated" })
    buffer.end()
    stored.take(buffer)
    expect(stored.chunks.map(({ bytes, gap }) => [bytes.toString(), gap])).toEqual([
      ["head sec", undefined],
      ["ret tail\n", "rotated"],
    ])
    expect(stored.lines).toEqual([
      [0, after(1)],
      [8, after(2)],
    ])
  })

  test("a cut keeps exactly so many bytes, and nothing after them", () => {
    const stored = new Stored()
    const buffer = stored.open([])
    for (const chunk of readFrom(Buffer.from("0123456789\nabc"), undefined, [4])) buffer.push(chunk)
    buffer.cutAt(6)
    buffer.push({ bytes: Buffer.from("more"), at: after(9), cursor: "18" })
    buffer.markGap("full")
    buffer.end()
    stored.take(buffer)
    expect(stored.bytes.toString()).toBe("012345")
    expect(stored.chunks.at(-1)).toMatchObject({ gap: "full", offset: 6 })
    expect(buffer.length).toBe(6)
  })
})
