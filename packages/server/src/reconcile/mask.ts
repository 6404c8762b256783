import { isJsonObject, type Json } from "@berth/spec"

/** A secret value shorter than this is not masked: it would hide half of every log. */
export const minSecretLength = 6

const asterisk = 0x2a

/** Byte sequences that stand for a secret value. */
export type Patterns = readonly Buffer[]

/**
 * Every form in which a value is masked: as is, as JSON writes it, base64 (both alphabets, also where it stands in the
 * middle of what was encoded, as in `user:password`), URL-encoded as browsers, forms and Python do. Each once.
 */
export function toPatterns(values: readonly string[]): Patterns {
  const forms = values.filter((value) => [...value].length >= minSecretLength).flatMap(formsOf)
  return [...new Set(forms)].map((form) => Buffer.from(form, "utf8"))
}

function formsOf(value: string): readonly string[] {
  return [value, JSON.stringify(value).slice(1, -1), ...base64Forms(Buffer.from(value, "utf8")), ...urlForms(value)]
}

function base64Forms(bytes: Buffer): readonly string[] {
  const inside = [0, 1, 2].map((offset) => base64Inside(bytes, offset)).filter((form) => form.length >= minSecretLength)
  const whole = bytes.toString("base64")
  return [whole, ...inside].flatMap((form) => [form, form.replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "")])
}

/** The characters that the bytes alone decide when so many (modulo 3) others stand before them. */
function base64Inside(bytes: Buffer, offset: number): string {
  const text = Buffer.concat([Buffer.alloc(offset), bytes]).toString("base64")
  const first = Math.ceil((offset * 8) / 6)
  return text.slice(first, Math.floor(((offset + bytes.length) * 8) / 6))
}

function urlForms(value: string): readonly string[] {
  const usual = encodeURIComponent(value.toWellFormed())
  const strict = usual.replaceAll(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)
  const path = strict.replaceAll("%2F", "/")
  return [usual, strict, path].flatMap((form) => [
    form,
    form.replaceAll("%20", "+"),
    form.replaceAll(/%[0-9A-F]{2}/g, (encoded) => encoded.toLowerCase()),
  ])
}

/** Masks a stream of bytes. What goes in comes out in the same length. */
export interface Masker {
  /** What can be let go now. */
  push(bytes: Uint8Array): Buffer
  /** What was held back, once nothing more comes. */
  flush(): Buffer
}

/**
 * Replaces every byte of every occurrence of a pattern by an asterisk, across the borders of chunks. Holds back only
 * what may be the beginning of an occurrence: at most one byte less than the longest pattern.
 */
export function createMasker(patterns: Patterns): Masker {
  const searches = patterns.map((pattern) => ({ pattern, borders: toBorders(pattern) }))
  let held: Buffer = Buffer.alloc(0)
  /** How many of the held bytes belong to an occurrence already seen. */
  let covered = 0

  function letGo(buffer: Buffer, keep: number): Buffer {
    const ranges = findRanges(buffer, patterns)
    const length = buffer.length - keep
    const out = Buffer.from(buffer.subarray(0, length))
    out.fill(asterisk, 0, Math.min(covered, length))
    let end = covered
    for (const [from, to] of ranges) {
      // An occurrence that is held whole is found again with what comes next.
      if (from >= length) continue
      out.fill(asterisk, from, Math.min(to, length))
      end = Math.max(end, to)
    }
    covered = Math.max(0, end - length)
    held = Buffer.from(buffer.subarray(length))
    return out
  }

  return {
    push(bytes) {
      const buffer = held.length === 0 ? Buffer.from(bytes) : Buffer.concat([held, bytes])
      return letGo(buffer, Math.max(0, ...searches.map((search) => unfinished(buffer, search))))
    },
    flush: () => letGo(held, 0),
  }
}

/** The same for a text. */
export function maskText(text: string, patterns: Patterns): string {
  if (patterns.length === 0) return text
  const masker = createMasker(patterns)
  const masked = Buffer.concat([masker.push(Buffer.from(text, "utf8")), masker.flush()])
  return masked.toString("utf8")
}

/** The same for every string of a JSON value, keys included. */
export function maskJson<Value extends Json>(value: Value, patterns: Patterns): Value
export function maskJson(value: Json, patterns: Patterns): Json {
  if (patterns.length === 0) return value
  if (typeof value === "string") return maskText(value, patterns)
  if (typeof value === "number") return maskNumber(value, patterns)
  if (Array.isArray(value)) return value.map((item) => maskJson(item, patterns))
  if (!isJsonObject(value)) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => [maskText(key, patterns), maskJson(member, patterns)]),
  )
}

/** A number that spells a secret value is a text afterwards. */
function maskNumber(value: number, patterns: Patterns): Json {
  const masked = maskText(String(value), patterns)
  return masked === String(value) ? value : masked
}

function findRanges(buffer: Buffer, patterns: Patterns): [from: number, to: number][] {
  const ranges: [number, number][] = []
  for (const pattern of patterns) {
    for (let at = buffer.indexOf(pattern); at >= 0; at = buffer.indexOf(pattern, at + 1)) {
      const last = ranges.at(-1)
      const to = at + pattern.length
      if (last !== undefined && last[0] <= at && at <= last[1]) last[1] = Math.max(last[1], to)
      else ranges.push([at, to])
    }
  }
  return ranges
}

/** Of every beginning of the pattern, the length of its longest proper beginning that is also its end. */
function toBorders(pattern: Buffer): Uint32Array {
  const borders = new Uint32Array(pattern.length)
  for (let index = 1, length = 0; index < pattern.length; index++) {
    while (length > 0 && pattern[index] !== pattern[length]) length = borders[length - 1] ?? 0
    if (pattern[index] === pattern[length]) length++
    borders[index] = length
  }
  return borders
}

/** The length of the longest end of the buffer that begins the pattern without finishing it. */
function unfinished(
  buffer: Buffer,
  { pattern, borders }: { readonly pattern: Buffer; readonly borders: Uint32Array },
): number {
  let length = 0
  for (let index = Math.max(0, buffer.length - pattern.length + 1); index < buffer.length; index++) {
    while (length > 0 && buffer[index] !== pattern[length]) length = borders[length - 1] ?? 0
    if (buffer[index] === pattern[length]) length++
  }
  return length
}
