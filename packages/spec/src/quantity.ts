declare const quantityBrand: unique symbol

/** How a quantity was written: `1500m` and `2G`, `1536Mi`, `15e2`. */
export type QuantityFormat = "DecimalSI" | "BinarySI" | "DecimalExponent"

/** An exact Kubernetes quantity: nano-units on BigInt, and the suffix family it was written in. */
export interface Quantity {
  readonly [quantityBrand]: true
  readonly nano: bigint
  readonly format: QuantityFormat
}

const nanoPerUnit = 10n ** 9n
const nanoPerMilli = 10n ** 6n
const maxBinary = (2n ** 63n - 1n) * nanoPerUnit
/** No machine needs more, and an exponent of a million would be a denial of service. */
const maxLength = 128
const maxExponent = 100

const grammar = /^([+-]?)([0-9]+\.?[0-9]*|\.[0-9]+)([KMGTPE]i|[numkMGTPE]|[eE][+-]?[0-9]{1,18}|)$/

const decimalSuffixes = ["n", "u", "m", "", "k", "M", "G", "T", "P", "E"] as const
const binarySuffixes = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"] as const

/** A quantity of so many nano-units. */
export function createQuantity(nano: bigint, format: QuantityFormat): Quantity {
  return { nano, format } as Quantity
}

/**
 * Parses the full Kubernetes grammar; undefined for what is none. Finer than a nano-unit is rounded away from zero,
 * binary values stop at 2^63 - 1, as in Kubernetes. Exponents above 100 are none.
 *
 * @see https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/
 */
export function parseQuantity(text: string): Quantity | undefined {
  const match = text.length > maxLength ? null : grammar.exec(text)
  if (match === null) return undefined
  const [, sign, digits = "", suffix = ""] = match
  const [whole = "", fraction = ""] = digits.split(".")
  const scale = readSuffix(suffix)
  if (scale.power > maxExponent) return undefined
  const magnitude = scaleUp(BigInt(whole + fraction), scale, fraction.length)
  const capped = scale.format === "BinarySI" && magnitude > maxBinary ? maxBinary : magnitude
  const tiny = scale.format === "BinarySI" && capped < nanoPerUnit
  return createQuantity(sign === "-" ? -capped : capped, tiny ? "DecimalSI" : scale.format)
}

interface Scale {
  readonly base: 2 | 10
  readonly power: number
  readonly format: QuantityFormat
}

function readSuffix(suffix: string): Scale {
  const binary = binarySuffixes.indexOf(suffix as (typeof binarySuffixes)[number])
  if (binary > 0) return { base: 2, power: 10 * binary, format: "BinarySI" }
  const decimal = decimalSuffixes.indexOf(suffix as (typeof decimalSuffixes)[number])
  if (decimal >= 0) return { base: 10, power: 3 * (decimal - 3), format: "DecimalSI" }
  return { base: 10, power: Number(suffix.slice(1)), format: "DecimalExponent" }
}

/** Nano-units of `mantissa` x base^power / 10^decimals, rounded up. */
function scaleUp(mantissa: bigint, scale: Scale, decimals: number): bigint {
  if (mantissa === 0n) return 0n
  if (scale.base === 2) return ceilDivide(mantissa * 2n ** BigInt(scale.power) * nanoPerUnit, 10n ** BigInt(decimals))
  const power = scale.power + 9 - decimals
  if (power >= 0) return mantissa * 10n ** BigInt(power)
  return -power > maxLength + maxExponent ? 1n : ceilDivide(mantissa, 10n ** BigInt(-power))
}

function ceilDivide(value: bigint, divisor: bigint): bigint {
  const quotient = value / divisor
  return value > 0n && value % divisor !== 0n ? quotient + 1n : quotient
}

/** Canonical text: no fraction, the largest suffix without loss, the family kept: `1500m`, `1536Mi`, `1e3`. */
export function formatQuantity(quantity: Quantity): string {
  const { nano, format } = quantity
  if (nano === 0n) return "0"
  const small = nano > -1024n * nanoPerUnit && nano < 1024n * nanoPerUnit
  if (format === "BinarySI" && !small && nano % nanoPerUnit === 0n) return formatBinary(nano / nanoPerUnit)
  return formatDecimal(nano, format === "DecimalExponent")
}

function formatBinary(units: bigint): string {
  const [value, steps] = divideOut(units, 1024n, binarySuffixes.length - 1)
  return `${value}${binarySuffixes[steps]}`
}

function formatDecimal(nano: bigint, asExponent: boolean): string {
  const [value, steps] = divideOut(nano, 1000n, asExponent ? maxExponent : decimalSuffixes.length - 1)
  if (!asExponent) return `${value}${decimalSuffixes[steps]}`
  const exponent = 3 * (steps - 3)
  return exponent === 0 ? `${value}` : `${value}e${exponent}`
}

function divideOut(start: bigint, factor: bigint, maxSteps: number): [value: bigint, steps: number] {
  let value = start
  let steps = 0
  while (steps < maxSteps && value % factor === 0n) {
    value /= factor
    steps += 1
  }
  return [value, steps]
}

/** Negative, zero or positive as `a` is less than, equal to or greater than `b`. */
export function compareQuantities(a: Quantity, b: Quantity): number {
  if (a.nano === b.nano) return 0
  return a.nano < b.nano ? -1 : 1
}

/** The exact sum, in the family of `a` (of `b` when `a` is zero). */
export function addQuantities(a: Quantity, b: Quantity): Quantity {
  return createQuantity(a.nano + b.nano, a.nano === 0n ? b.format : a.format)
}

/** The exact difference, in the family of `a` (of `b` when `a` is zero); may be negative. */
export function subtractQuantities(a: Quantity, b: Quantity): Quantity {
  return createQuantity(a.nano - b.nano, a.nano === 0n ? b.format : a.format)
}

/** Whole units, rounded up: bytes of a memory quantity. Exact up to 2^53. */
export function toUnits(quantity: Quantity): number {
  return Number(ceilDivide(quantity.nano, nanoPerUnit))
}

/** Thousandths, rounded up: millicores of a cpu quantity. Exact up to 2^53. */
export function toMilli(quantity: Quantity): number {
  return Number(ceilDivide(quantity.nano, nanoPerMilli))
}

/**
 * The quantity times `numerator / denominator`, rounded up to a thousandth (1/1024) of the suffix it prints with:
 * 8Gi x 11/10 is `9012Mi`, so that a derived limit stays readable and is never too small.
 */
export function scaleQuantity(quantity: Quantity, numerator: bigint, denominator: bigint): Quantity {
  const step = printedUnit(quantity)
  const grain = step > nanoPerUnit ? step / (quantity.format === "BinarySI" ? 1024n : 1000n) : nanoPerUnit
  return createQuantity(ceilDivide(quantity.nano * numerator, denominator * grain) * grain, quantity.format)
}

/** Nano-units of one of the suffix that the canonical text carries. */
function printedUnit({ nano, format }: Quantity): bigint {
  const binary = format === "BinarySI"
  const [, steps] = divideOut(nano === 0n ? 1n : nano / nanoPerUnit || 1n, binary ? 1024n : 1000n, 6)
  return nanoPerUnit * (binary ? 1024n : 1000n) ** BigInt(steps)
}
