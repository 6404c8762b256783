import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { formatDuration, parseDuration } from "./duration.ts"

describe("parseDuration", () => {
  it.each([
    ["90s", 90_000],
    ["30m", 1_800_000],
    ["24h", 86_400_000],
    ["7d", 604_800_000],
    ["1h30m", 5_400_000],
    ["250ms", 250],
    ["1m250ms", 60_250],
    ["1d2h3m4s5ms", 93_784_005],
    ["0s", 0],
    ["36500d", 3_153_600_000_000],
  ])("%s", (text, milliseconds) => {
    expect(parseDuration(text)).toBe(milliseconds)
  })
  it.each(["", "90", "s", "1 h", "30m1h", "1h1h", "1.5h", "-1s", "1w", "1H", "1s\n", "36501d", "9".repeat(70)])(
    "%j is none",
    (text) => {
      expect(parseDuration(text)).toBeUndefined()
    },
  )
})

describe("formatDuration", () => {
  it.each([
    [0, "0s"],
    [41, "41ms"],
    [600, "600ms"],
    [1500, "1s 500ms"],
    [90_000, "1m 30s"],
    [3_600_000, "1h"],
    [3_605_000, "1h"],
    [5_400_000, "1h 30m"],
    [86_340_000, "23h 59m"],
    [90_061_000, "1d 1h"],
    [-5000, "-5s"],
  ])("%d is %s", (milliseconds, text) => {
    expect(formatDuration(milliseconds)).toBe(text)
  })
  it("loses less than the second unit, and reads back", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 10 ** 11 }), (milliseconds) => {
        const back = parseDuration(formatDuration(milliseconds).replaceAll(" ", "")) ?? Number.NaN
        expect(back).toBeLessThanOrEqual(milliseconds)
        expect(milliseconds - back).toBeLessThan(Math.max(1, milliseconds / 20))
      }),
    )
  })
})
