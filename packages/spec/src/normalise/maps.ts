import { isJsonObject, type Json } from "../json.ts"
import { isLabelKey, isLabelValue } from "../labels.ts"
import { readMembers } from "./members.ts"
import { type Given, named, type Reading, replaceWith } from "./reading.ts"
import { hasAnyKey, readEntries, readList, readText, sayMissing } from "./values.ts"

type TextMap = Readonly<Record<string, string | null>>

interface Entry {
  readonly key: string
  readonly keyGiven: Given
  readonly given: Given
}

const maxLabels = 100
const maxAnnotations = 1000
const maxAnnotationBytes = 256 * 1024

/** `{ key: value }`, `{ key, value }` as on the page, or a list of those. */
export function readNodeSelector(given: Given, reading: Reading): TextMap | undefined {
  return readLabels(given, "key", reading)
}

/** `{ key: value }`, or a list of `{ name, value }`. */
export function readPodLabels(given: Given, reading: Reading): TextMap | undefined {
  return readLabels(given, "name", reading)
}

function readLabels(given: Given, keyName: "key" | "name", reading: Reading): TextMap | undefined {
  const entries = readPairs(given, { keyName, max: maxLabels }, reading)
  return entries && collect(entries, { isValid: isLabelValue, coerce: true }, reading)
}

/** `{ key: value }`; values are free text. */
export function readAnnotations(given: Given, reading: Reading): TextMap | undefined {
  const entries = readPairs(given, { keyName: "name", max: maxAnnotations }, reading)
  const annotations = entries && collect(entries, { isValid: () => true, coerce: true }, reading)
  if (annotations === undefined) return undefined
  const bytes = Object.entries(annotations).reduce((sum, [key, value]) => sum + sizeOf(key) + sizeOf(value ?? ""), 0)
  if (bytes <= maxAnnotationBytes) return annotations
  reading.say("annotations.too_large", { bytes, max: maxAnnotationBytes }, { path: given.path })
  return undefined
}

function sizeOf(text: string): number {
  return new TextEncoder().encode(text).length
}

function readPairs(
  given: Given,
  options: { readonly keyName: "key" | "name"; readonly max: number },
  reading: Reading,
): readonly Entry[] | undefined {
  const { keyName, max } = options
  if (isPair(given.value, keyName)) {
    sayForm(given, "A single { key, value }", reading)
    return readPair(given, given.name, reading)
  }
  if (isJsonObject(given.value)) {
    return readEntries(given, max, reading)?.map((entry) => ({ ...entry, keyGiven: entry.given }))
  }
  const entries = readList(given, { max, expected: "an object" }, reading)
  if (entries === undefined) return undefined
  if (entries.length > 0) sayForm(given, "A list of { key, value }", reading)
  return entries.flatMap((entry) => readPair(entry, given.name, reading))
}

/** The page's `{ key, value }`: an object with these two members alone, both texts. */
function isPair(value: Json, keyName: "key" | "name"): boolean {
  if (!isJsonObject(value)) return false
  const keys = Object.keys(value)
  return keys.length === 2 && typeof value[keyName] === "string" && typeof value.value === "string"
}

function sayForm(given: Given, used: string, reading: Reading): void {
  const map = toMap(given.value)
  reading.say("historic.form", { used, canonical: "{ <key>: <value> }" }, replaceWith(given, map))
}

/** The map that says the same; undefined where the list says it twice or not at all. */
function toMap(value: Json): Json | undefined {
  const map = new Map<string, Json>()
  for (const pair of [value].flat()) {
    if (!hasAnyKey(pair, ["value"])) return undefined
    const key = pair.key ?? pair.name
    if (typeof key !== "string" || map.has(key) || key === "__proto__") return undefined
    map.set(key, pair.value ?? null)
  }
  return Object.fromEntries(map)
}

const pairMembers = { names: ["key", "value"], aliases: new Map<string, string>() } as const
const namedPairMembers = { names: ["name", "value"], aliases: new Map<string, string>() } as const

function readPair(given: Given, name: string, reading: Reading): readonly Entry[] {
  const isNamed = hasAnyKey(given.value, ["name"]) && !hasAnyKey(given.value, ["key"])
  const members: { readonly key?: Given; readonly name?: Given; readonly value?: Given } | undefined = isNamed
    ? readMembers(given, namedPairMembers, reading)
    : readMembers(given, pairMembers, reading)
  if (members === undefined) return []
  const keyGiven = members.key ?? members.name
  if (keyGiven === undefined) sayMissing(given, "key", reading)
  if (members.value === undefined) sayMissing(given, "value", reading)
  const key = keyGiven && readText(named(keyGiven, ""), reading)
  if (key === undefined || keyGiven === undefined || members.value === undefined) return []
  return [{ key, keyGiven, given: named(members.value, `${name}.${key}`) }]
}

function collect(
  entries: readonly Entry[],
  values: { readonly isValid: (value: string) => boolean; readonly coerce: boolean },
  reading: Reading,
): TextMap {
  const map = new Map<string, string | null>()
  for (const { key, keyGiven, given } of entries) {
    if (!isLabelKey(key)) {
      reading.say("label.key", { key }, { path: keyGiven.path })
      continue
    }
    const value = readValue(given, values, reading)
    if (value === undefined) continue
    const earlier = map.get(key)
    if (earlier !== undefined && earlier !== value) {
      const data = { key, first: String(earlier), second: String(value) }
      reading.say("node_selector.conflict", data, { path: given.path })
      continue
    }
    map.set(key, value)
  }
  return Object.fromEntries(map)
}

function readValue(
  given: Given,
  { isValid, coerce }: { readonly isValid: (value: string) => boolean; readonly coerce: boolean },
  reading: Reading,
): string | null | undefined {
  if (given.value === null) {
    reading.place(given)
    return null
  }
  const value = readText(given, reading, { coerce })
  if (value === undefined || isValid(value)) return value
  reading.say("label.value", { value }, { path: given.path })
  return undefined
}
