import { didYouMean } from "../did-you-mean.ts"
import type { Json, JsonObject } from "../json.ts"
import { isJsonObject } from "../json.ts"
import { toCamelCase } from "../wire-name.ts"
import { isSound } from "./guard.ts"
import { type Given, kindOf, type Reading, replaceWith, within } from "./reading.ts"

/** Reads a text; with `coerce` a number or a truth value becomes one, with a notice. Undefined: reported. */
export function readText(
  given: Given,
  reading: Reading,
  options: { readonly coerce?: boolean } = {},
): string | undefined {
  const { value, path } = given
  if (typeof value === "string") {
    if (isSound(value)) reading.place(given)
    return isSound(value) ? value : undefined
  }
  if (options.coerce === true && (typeof value === "number" || typeof value === "boolean")) {
    const from = typeof value === "number" ? `The number ${value}` : `The truth value ${value}`
    reading.say("field.coerced", { from, to: `the text "${value}"` }, { path })
    reading.place(given)
    return String(value)
  }
  reading.say("field.type", { expected: "text", got: kindOf(value) }, { path })
  return undefined
}

/** A rule that a name must keep. */
export interface NameRule {
  readonly isValid: (text: string) => boolean
  /** `a DNS label: lower-case letters, digits and -, at most 63`. */
  readonly rule: string
  readonly suggest?: (text: string) => string | undefined
}

export function readName(given: Given, rule: NameRule, reading: Reading): string | undefined {
  const text = readText(given, reading)
  if (text === undefined || rule.isValid(text)) return text
  const proposed = rule.suggest?.(text)
  const suggestion = proposed !== undefined && rule.isValid(proposed) ? proposed : undefined
  const data = { value: text, rule: rule.rule, ...(suggestion !== undefined && { suggestion }) }
  reading.say("field.name", data, replaceWith(given, suggestion))
  return undefined
}

export function readInteger(
  given: Given,
  range: { readonly min: number; readonly max: number },
  reading: Reading,
): number | undefined {
  const { value, path } = given
  const isText = typeof value === "string" && /^-?\d{1,15}$/.test(value)
  const number = isText ? Number(value) : value
  if (typeof number !== "number") {
    reading.say("field.type", { expected: "a whole number", got: kindOf(value) }, { path })
    return undefined
  }
  if (!Number.isInteger(number) || number < range.min || number > range.max) {
    reading.say("field.range", { value: number, ...range }, { path })
    return undefined
  }
  if (isText) reading.say("field.coerced", { from: `The text "${value}"`, to: `the number ${number}` }, { path })
  reading.place(given)
  return number
}

export function readBoolean(given: Given, reading: Reading): boolean | undefined {
  const { value, path } = given
  if (value === "true" || value === "false") {
    reading.say("field.coerced", { from: `The text "${value}"`, to: `the truth value ${value}` }, { path })
  } else if (typeof value !== "boolean") {
    reading.say("field.type", { expected: "true or false", got: kindOf(value) }, { path })
    return undefined
  }
  reading.place(given)
  return value === true || value === "true"
}

export function readChoice<Choice extends string>(
  given: Given,
  choices: { readonly allowed: readonly Choice[]; readonly hints?: Readonly<Record<string, Choice>> },
  reading: Reading,
): Choice | undefined {
  const text = readText(given, reading)
  if (text === undefined) return undefined
  const { allowed } = choices
  if ((allowed as readonly string[]).includes(text)) return text as Choice
  const hints = new Map(Object.entries<string>(choices.hints ?? {}))
  const suggestion =
    hints.get(text.toLowerCase()) ??
    didYouMean(
      text,
      allowed.filter((choice) => choice !== ""),
    )
  const shown = allowed.filter((choice) => choice !== "")
  const data = { value: text, allowed: shown, ...(suggestion !== undefined && { suggestion }) }
  reading.say("field.value", data, replaceWith(given, suggestion))
  return undefined
}

/** The entries of a list; undefined (reported) when it is none or too long. A single `wrap`able value is a list of one. */
export function readList(
  given: Given,
  options: { readonly max: number; readonly wrap?: (value: Json) => boolean; readonly expected?: string },
  reading: Reading,
): readonly Given[] | undefined {
  const { value, path } = given
  if (Array.isArray(value)) {
    if (value.length <= options.max) return value.map((_, index) => within(given, index))
    reading.say("field.too_many", { count: value.length, max: options.max }, { path })
    return undefined
  }
  if (options.wrap?.(value) === true) {
    const used = kindOf(value) === "text" ? "A single text" : "A single object"
    reading.say("historic.form", { used, canonical: "a list of one" }, replaceWith(given, [value]))
    return [given]
  }
  reading.say("field.type", { expected: options.expected ?? "a list", got: kindOf(value) }, { path })
  return undefined
}

/** An object's own entries; undefined (reported) when it is none or too large. */
export function readEntries(
  given: Given,
  max: number,
  reading: Reading,
): readonly { readonly key: string; readonly given: Given }[] | undefined {
  if (!isJsonObject(given.value)) {
    reading.say("field.type", { expected: "an object", got: kindOf(given.value) }, { path: given.path })
    return undefined
  }
  const keys = Object.keys(given.value).filter((key) => key !== "__proto__")
  if (keys.length > max) {
    reading.say("field.too_many", { count: keys.length, max }, { path: given.path })
    return undefined
  }
  return keys.map((key) => ({ key, given: within(given, key) }))
}

/** Reports a member that must be there, where it belongs, in the case that its neighbours have. */
export function sayMissing(parent: Given, name: string, reading: Reading): void {
  const neighbours = [String(parent.path.at(-1)), ...Object.keys(parent.value ?? {})]
  const field = neighbours.some((key) => /[a-z][A-Z]/.test(key)) ? toCamelCase(name) : name
  reading.say("field.required", { field }, { path: [...parent.path, field] })
}

/** Whether a value is an object that has one of these keys. */
export function hasAnyKey(value: Json, keys: readonly string[]): value is JsonObject {
  return isJsonObject(value) && keys.some((key) => Object.hasOwn(value, key))
}
