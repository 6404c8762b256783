import { createQuantity, formatQuantity, parseQuantity, type Quantity, toMilli } from "../quantity.ts"
import type { QuantityText } from "../requirements.ts"
import type { FindingCode } from "../vocabulary.ts"
import { isSound } from "./guard.ts"
import { type Given, kindOf, type Reading, replaceWith } from "./reading.ts"

/** What a quantity counts: cores, memory, storage, whole devices. */
export type QuantityKind = "cpu" | "memory" | "storage" | "gpu"

const unit = 10n ** 9n
const leastMemory = 4n * 1024n ** 2n * unit
const mostLikelyCores = 1000

/** Reads a quantity as text; whatever is doubtful about it is reported. Undefined: it cannot be used. */
export function readQuantity(given: Given, kind: QuantityKind, reading: Reading): QuantityText | undefined {
  const text = toText(given, kind, reading)
  if (text === undefined) return undefined
  const quantity = parseQuantity(text)
  if (quantity === undefined) {
    const { code, suggestions } = diagnose(text)
    reading.say(code, { value: text, suggestions }, replaceWith(given, suggestions[0]))
    return undefined
  }
  if (quantity.nano < 0n) {
    reading.say("quantity.negative", { value: text }, { path: given.path })
    return undefined
  }
  const shown = typeof given.value === "number" ? String(given.value) : text
  if (!checks[kind]({ given, text, shown, quantity, reading })) return undefined
  sayExponent(given, text, reading)
  if (typeof given.value === "number" && (kind === "memory" || kind === "storage"))
    sayBareBytes(given, quantity, reading)
  reading.place(given)
  return text
}

function toText(given: Given, kind: QuantityKind, reading: Reading): string | undefined {
  const { value, path } = given
  if (typeof value === "string") return isSound(value) ? value : undefined
  if (typeof value === "number") {
    const quantity = Number.isSafeInteger(value) ? undefined : parseQuantity(String(value))
    return quantity === undefined ? String(value) : formatQuantity(createQuantity(quantity.nano, "DecimalSI"))
  }
  const example = kind === "gpu" ? "1" : kind === "cpu" ? "500m" : "64Gi"
  reading.say("field.type", { expected: `a quantity such as "${example}"`, got: kindOf(value) }, { path })
  return undefined
}

type Misspelling = Extract<FindingCode, `quantity.${"invalid" | "comma" | "space" | "unit_byte" | "case"}`>

/** What is wrong with a text that is no quantity, and what was meant. */
function diagnose(text: string): { readonly code: Misspelling; readonly suggestions: readonly string[] } {
  const compact = text.length > 64 ? "" : text.replaceAll(/[\s_]+/g, "")
  const [, number = "", suffix = ""] = /^([+-]?[\d.,]*\d[\d.,]*)([a-z]*)$/i.exec(compact) ?? []
  const suggestions = numbersMeant(number).flatMap((digits) =>
    suffixesMeant(suffix).map((meant) => `${digits}${meant}`),
  )
  const real = suggestions.filter((suggestion) => parseQuantity(suggestion) !== undefined)
  return { code: real.length === 0 ? "quantity.invalid" : trouble(text, suffix), suggestions: real }
}

function trouble(text: string, suffix: string): Misspelling {
  if (text.includes(",")) return "quantity.comma"
  if (/b(ytes?)?$/i.test(suffix)) return "quantity.unit_byte"
  if (suffix !== "" && suffixesMeant(suffix)[0] !== suffix) return "quantity.case"
  return /[\s_]/.test(text) ? "quantity.space" : "quantity.invalid"
}

/** `1,5` → `1.5`; `1,000` → `1000`, or 1.000. */
function numbersMeant(number: string): readonly string[] {
  if (!number.includes(",")) return [number]
  const decimal = number.replace(",", ".")
  return /^\d{1,3}(,\d{3})+$/.test(number) ? [number.replaceAll(",", ""), decimal] : [decimal]
}

/** `GB` and `g` → `Gi` or `G`; `GiB` and `gi` → `Gi`. The binary one first: it is what memory is sold in. */
function suffixesMeant(suffix: string): readonly string[] {
  if (parseQuantity(`1${suffix}`) !== undefined) return [suffix]
  const [, letter = "", binary = ""] = /^([kmgtpe])(i?)(?:b|bytes?)?$/i.exec(suffix) ?? []
  if (/^(|b|bytes?)$/i.test(suffix)) return [""]
  if (letter === "") return [suffix]
  const upper = letter.toUpperCase()
  const decimal = upper === "K" ? "k" : upper
  return binary === "" ? [`${upper}i`, decimal] : [`${upper}i`]
}

interface Candidate {
  readonly given: Given
  readonly text: string
  /** As the author wrote it. */
  readonly shown: string
  readonly quantity: Quantity
  readonly reading: Reading
}

/** Per kind: whether the quantity makes sense; reports why not. */
const checks = {
  cpu({ given, text, shown, quantity, reading }) {
    if (quantity.nano % 10n ** 6n !== 0n) {
      const suggestion = `${toMilli(quantity)}m`
      reading.say("cpu.too_fine", { value: shown, suggestion }, replaceWith(given, suggestion))
      return false
    }
    if (quantity.nano > BigInt(mostLikelyCores) * unit) {
      const suggestion = /^\d+$/.test(text) ? `${text}m` : undefined
      const data = { value: shown, ...(suggestion !== undefined && { suggestion }) }
      reading.say("cpu.suspicious", data, replaceWith(given, suggestion))
    }
    return true
  },
  memory(candidate) {
    if (!isWholeBytes(candidate)) return false
    const { given, text, shown, quantity, reading } = candidate
    if (quantity.nano === 0n || quantity.nano >= leastMemory) return true
    const suggestion = /^\d+$/.test(text) ? `${text}${Number(text) < 128 ? "Gi" : "Mi"}` : undefined
    const data = { value: shown, ...(suggestion !== undefined && { suggestion }) }
    reading.say("memory.too_small", data, replaceWith(given, suggestion))
    return false
  },
  storage(candidate) {
    const { given, shown, quantity, reading } = candidate
    if (!isWholeBytes(candidate)) return false
    if (quantity.nano > 0n) return true
    reading.say("quantity.zero", { value: shown }, { path: given.path })
    return false
  },
  gpu({ given, shown, quantity, reading }) {
    if (quantity.nano % unit === 0n) return true
    const suggestion = String((quantity.nano + unit - 1n) / unit)
    reading.say("gpu.fractional", { value: shown, suggestion }, replaceWith(given, suggestion))
    return false
  },
} satisfies Record<QuantityKind, (candidate: Candidate) => boolean>

function isWholeBytes({ given, text, shown, quantity, reading }: Candidate): boolean {
  if (!/[num]$/.test(text) && quantity.nano % unit === 0n) return true
  const meant = text.endsWith("m") ? text.replace(/m$/, "Mi") : undefined
  const data = { value: shown, ...(meant !== undefined && { suggestion: meant }) }
  reading.say("memory.milli", data, replaceWith(given, meant))
  return false
}

function sayExponent(given: Given, text: string, reading: Reading): void {
  const quantity = parseQuantity(text)
  if (quantity === undefined || typeof given.value !== "string") return
  if (text.endsWith("E")) {
    const suggestion = formatQuantity(createQuantity(quantity.nano * 1000n, "DecimalSI")).replace("E", "P")
    reading.say("quantity.exa", { value: text, suggestion }, replaceWith(given, suggestion))
  } else if (/[eE][+-]?\d+$/.test(text)) {
    const suggestion = formatQuantity(createQuantity(quantity.nano, "DecimalSI"))
    reading.say("quantity.exponent", { value: text, suggestion }, replaceWith(given, suggestion))
  }
}

function sayBareBytes(given: Given, quantity: Quantity, reading: Reading): void {
  const suggestion = formatQuantity(createQuantity(quantity.nano, "BinarySI"))
  reading.say("quantity.bare_bytes", { value: String(given.value), suggestion }, replaceWith(given, suggestion))
}
