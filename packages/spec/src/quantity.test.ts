import fc from "fast-check"
import { describe, expect, it } from "vitest"
import {
  addQuantities,
  compareQuantities,
  createQuantity,
  formatQuantity,
  parseQuantity,
  type Quantity,
  scaleQuantity,
  subtractQuantities,
  toMilli,
  toUnits,
} from "./quantity.ts"

function parsed(text: string): Quantity {
  const quantity = parseQuantity(text)
  if (quantity === undefined) throw new Error(`${text} did not parse`)
  return quantity
}

describe("canonical text", () => {
  it.each([
    ["1.5", "1500m"],
    ["1.5Gi", "1536Mi"],
    ["0.5Gi", "512Mi"],
    ["1", "1"],
    ["1000m", "1"],
    ["1.0", "1"],
    ["1.", "1"],
    [".5", "500m"],
    ["+2", "2"],
    ["-2", "-2"],
    ["-0", "0"],
    ["0Gi", "0"],
    ["64Gi", "64Gi"],
    ["1024Mi", "1Gi"],
    ["1000Mi", "1000Mi"],
    ["512Ki", "512Ki"],
    ["1023", "1023"],
    ["0.5Ki", "512"],
    ["0.0001Ki", "102400u"],
    ["1E", "1E"],
    ["1E3", "1e3"],
    ["1e3", "1e3"],
    ["1e1", "10"],
    ["12E-2", "120e-3"],
    ["5e0", "5"],
    ["1000k", "1M"],
    ["1500M", "1500M"],
    ["1000E", "1000E"],
    ["100u", "100u"],
    ["1n", "1n"],
    ["0.1n", "1n"],
    ["0.0000000001", "1n"],
    ["-0.1n", "-1n"],
    ["16Ei", "9223372036854775807"],
    ["1e-99999999", "1e-9"],
    ["0e-99999999", "0"],
    ["007", "7"],
  ])("%s is %s", (text, canonical) => {
    expect(formatQuantity(parsed(text))).toBe(canonical)
  })
})

it("a binary quantity below one unit is a decimal one, as in Kubernetes", () => {
  expect(parsed("0.0001Ki").format).toBe("DecimalSI")
  expect(parsed("0.5Ki").format).toBe("BinarySI")
})

describe("what is no quantity", () => {
  it.each([
    "",
    " ",
    ".",
    "+",
    "e3",
    "Gi",
    "64GB",
    "64g",
    "64K",
    "64 Gi",
    "64gi",
    "1,5",
    "1_000",
    "1.2.3",
    "--1",
    "1e",
    "1e+",
    "1e1.5",
    "1e101",
    "0x10",
    "NaN",
    "Infinity",
    "1Gi ",
    "1Gi\n",
    "\u0661",
    "1".repeat(129),
  ])("%j", (text) => {
    expect(parseQuantity(text)).toBeUndefined()
  })
})

describe("arithmetic", () => {
  it("compares by value, whatever the suffix", () => {
    expect(compareQuantities(parsed("1Gi"), parsed("1073741824"))).toBe(0)
    expect(compareQuantities(parsed("64G"), parsed("64Gi"))).toBe(-1)
    expect(compareQuantities(parsed("2"), parsed("1999m"))).toBe(1)
  })
  it("keeps the family of the first operand that has one", () => {
    expect(formatQuantity(addQuantities(parsed("1Gi"), parsed("512Mi")))).toBe("1536Mi")
    expect(formatQuantity(addQuantities(parsed("0"), parsed("512Mi")))).toBe("512Mi")
    expect(formatQuantity(subtractQuantities(parsed("1"), parsed("250m")))).toBe("750m")
  })
  it("rounds units and thousandths up", () => {
    expect(toUnits(parsed("0.1"))).toBe(1)
    expect(toUnits(parsed("64Gi"))).toBe(68_719_476_736)
    expect(toMilli(parsed("1.5"))).toBe(1500)
    expect(toMilli(parsed("100u"))).toBe(1)
  })
  it.each([
    ["100Mi", "110Mi"],
    ["8Gi", "9012Mi"],
    ["64Mi", "72090Ki"],
    ["1G", "1100M"],
    ["1000000000", "1100M"],
    ["7", "8"],
    ["0", "0"],
  ])("%s x 1.1 is %s", (text, scaled) => {
    expect(formatQuantity(scaleQuantity(parsed(text), 11n, 10n))).toBe(scaled)
  })
})

const anyQuantityText = fc
  .tuple(
    fc.constantFrom("", "-", "+"),
    fc.bigInt({ min: 0n, max: 10n ** 12n }),
    fc.option(fc.stringMatching(/^[0-9]{1,12}$/), { nil: undefined }),
    fc.oneof(
      fc.constantFrom("", "n", "u", "m", "k", "M", "G", "T", "P", "E", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"),
      fc.integer({ min: -12, max: 18 }).map((exponent) => `e${exponent}`),
    ),
  )
  .map(([sign, whole, fraction, suffix]) => `${sign}${whole}${fraction === undefined ? "" : `.${fraction}`}${suffix}`)

const anyQuantity = fc
  .tuple(fc.bigInt({ min: -(10n ** 27n), max: 10n ** 27n }), fc.constantFrom("DecimalSI", "DecimalExponent"))
  .map(([nano, format]) => createQuantity(nano, format as "DecimalSI"))

describe("properties", () => {
  it("text of the grammar parses; its canonical text has the same value and is stable", () => {
    fc.assert(
      fc.property(anyQuantityText, (text) => {
        const first = parsed(text)
        const canonical = formatQuantity(first)
        expect(parsed(canonical).nano).toBe(first.nano)
        expect(formatQuantity(parsed(canonical))).toBe(canonical)
        expect(canonical).not.toContain(".")
      }),
    )
  })
  it("equal values of one family have one text", () => {
    fc.assert(
      fc.property(anyQuantity, fc.integer({ min: 0, max: 5 }), (quantity, zeros) => {
        const whole = quantity.nano / 10n ** 9n
        const text = `${whole}.${"0".repeat(zeros)}`
        expect(formatQuantity(parsed(text))).toBe(formatQuantity(parsed(`${whole * 1000n}m`)))
      }),
    )
  })
  it("adding and subtracting are exact inverses, and order follows the difference", () => {
    fc.assert(
      fc.property(anyQuantity, anyQuantity, (a, b) => {
        expect(subtractQuantities(addQuantities(a, b), b).nano).toBe(a.nano)
        expect(Math.sign(compareQuantities(a, b))).toBe(Number(a.nano > b.nano) - Number(a.nano < b.nano))
        expect(compareQuantities(a, b)).toBe(-compareQuantities(b, a) + 0)
      }),
    )
  })
  it("scaling by 1.1 is never too small and at most a thousandth of a suffix too large", () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: 1n, max: 10n ** 6n }),
        fc.constantFrom("", "k", "M", "G", "Ki", "Mi", "Gi"),
        (n, suffix) => {
          const start = parsed(`${n}${suffix}`)
          const scaled = scaleQuantity(start, 11n, 10n)
          expect(scaled.nano * 10n >= start.nano * 11n).toBe(true)
          expect(toUnits(scaled) - toUnits(start) * 1.1).toBeLessThanOrEqual(Math.max(1, toUnits(start) / 999))
        },
      ),
    )
  })
  it("any text parses or does not, and never throws", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        const quantity = parseQuantity(text)
        expect(quantity === undefined || typeof quantity.nano === "bigint").toBe(true)
      }),
    )
  })
})
