import fc from "fast-check"
import { expect, it } from "vitest"
import { formatJson } from "./json-text.ts"

it("keeps on a line what fits there", () => {
  expect(formatJson({ words: 3, top: [["run", 2]] })).toBe('{ "words": 3, "top": [["run", 2]] }')
})

it("breaks what does not fit", () => {
  const list = Array.from({ length: 40 }, (_, i) => ({ word: `word-${i}`, count: i }))
  const lines = formatJson({ list }).split("\n")
  expect(lines.length).toBe(44)
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(100)
})

it("says the same as JSON", () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 5 }), (value) => {
      const plain = JSON.parse(JSON.stringify(value))
      expect(JSON.parse(formatJson(plain))).toEqual(plain)
    }),
  )
})
