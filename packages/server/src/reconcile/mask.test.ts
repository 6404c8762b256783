import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { createMasker, maskJson, maskText, toPatterns } from "./mask.ts"

/** Whole-string masking, without any cleverness: every byte of every occurrence. */
function naive(bytes: Buffer, patterns: readonly Buffer[]): Buffer {
  const out = Buffer.from(bytes)
  for (const pattern of patterns) {
    for (let at = 0; at + pattern.length <= bytes.length; at++) {
      if (bytes.subarray(at, at + pattern.length).equals(pattern)) out.fill("*", at, at + pattern.length)
    }
  }
  return out
}

function cut(bytes: Buffer, sizes: readonly number[]): Buffer[] {
  const pieces: Buffer[] = []
  let at = 0
  for (const size of sizes) {
    pieces.push(bytes.subarray(at, at + size))
    at += size
  }
  return [...pieces, bytes.subarray(at)]
}

/** Few letters, so that occurrences, overlaps and false starts are frequent. */
const word = fc.string({ unit: fc.constantFrom("a", "b", "é"), minLength: 6, maxLength: 9 })
const secrets = fc.array(word, { minLength: 0, maxLength: 3 })

describe("createMasker", () => {
  test("what is held back before an occurrence stays readable", () => {
    expect(maskText("aaéébbé", toPatterns(["aaéébbéa", "aéébbé"]))).toBe("a*********")
  })

  test("is whole-string masking, however the bytes come, and holds back less than the longest pattern", () => {
    fc.assert(
      fc.property(
        secrets.chain((values) =>
          fc.tuple(
            fc.constant(values),
            fc.array(
              fc.oneof(word, ...values.flatMap((value) => [fc.constant(value), fc.constant(value.slice(0, -1))])),
              { maxLength: 12 },
            ),
            fc.array(fc.nat({ max: 20 }), { maxLength: 12 }),
          ),
        ),
        ([values, words, sizes]) => {
          const patterns = toPatterns(values)
          const bytes = Buffer.from(words.join(""))
          const longest = Math.max(1, ...patterns.map((pattern) => pattern.length))
          const masker = createMasker(patterns)
          let given = 0
          let got = Buffer.alloc(0)
          for (const piece of cut(bytes, sizes)) {
            given += piece.length
            got = Buffer.concat([got, masker.push(piece)])
            expect(given - got.length).toBeLessThan(longest)
          }
          got = Buffer.concat([got, masker.flush()])
          expect(got.toString()).toBe(naive(bytes, patterns).toString())
        },
      ),
      { numRuns: 2000 },
    )
  })

  test("lets everything go at once that begins no secret", () => {
    const masker = createMasker(toPatterns(["hunter22"]))
    expect(masker.push(Buffer.from("progress 10%\n")).toString()).toBe("progress 10%\n")
    expect(masker.push(Buffer.from("say hunt")).toString()).toBe("say ")
    expect(masker.push(Buffer.from("ing")).toString()).toBe("hunting")
  })

  test("takes a hundred thousand occurrences in one chunk", () => {
    const masker = createMasker(toPatterns(["hunter22"]))
    const masked = Buffer.concat([masker.push(Buffer.from("hunter22 ".repeat(200_000))), masker.flush()])
    expect(masked.toString()).toBe("******** ".repeat(200_000))
  })

  test("keeps bytes that are no text", () => {
    const bytes = Buffer.from([0, 255, 254, 10, 128])
    const masker = createMasker(toPatterns(["hunter22"]))
    expect(Buffer.concat([masker.push(bytes), masker.flush()])).toEqual(bytes)
  })
})

describe("toPatterns", () => {
  const value = "p@ss wörd/+?"

  test.each([
    ["as is", value],
    ["base64", Buffer.from(value).toString("base64")],
    ["base64url", Buffer.from(value).toString("base64url")],
    ["URL-encoded", encodeURIComponent(value)],
    ["form-encoded", encodeURIComponent(value).replaceAll("%20", "+")],
  ])("masks a value %s, in the same number of bytes", (_name, form) => {
    const masked = maskText(`<${form}>`, toPatterns([value]))
    expect(masked).toBe(`<${"*".repeat(Buffer.byteLength(form))}>`)
  })

  test("leaves values of fewer than 6 characters alone", () => {
    expect(maskText("abcde abcdef", toPatterns(["abcde", ""]))).toBe("abcde abcdef")
    expect(maskText("abcde abcdef", toPatterns(["abcdef"]))).toBe("abcde ******")
  })

  test("takes half a surrogate without failing", () => {
    expect(() => toPatterns(["abc\ud800def"])).not.toThrow()
  })
})

describe("maskJson", () => {
  test("reaches every string, keys included, and nothing else", () => {
    const masked = maskJson({ "k-secret1": ["x secret1 y", 1, null, { deep: "secret1" }] }, toPatterns(["secret1"]))
    expect(masked).toEqual({ "k-*******": ["x ******* y", 1, null, { deep: "*******" }] })
  })
})

describe("toPatterns", () => {
  const secret = "s3cr3t/!pass word+é"
  const hides = (text: string) => maskText(text, toPatterns([secret]))

  test.each(["", "u", "us", "user:"])("finds base64 of the value after %j and before anything", (before) => {
    for (const after of ["", "x", "xy", "\n"]) {
      for (const alphabet of ["base64", "base64url"] as const) {
        const text = Buffer.from(`${before}${secret}${after}`).toString(alphabet)
        const left = Buffer.from(hides(text).replaceAll("*", ""), alphabet).toString()
        expect(left).not.toContain("cr3t")
        expect(left.length).toBeLessThan(before.length + after.length + 5)
      }
    }
  })

  test("finds what JSON, browsers, forms and Python make of it", () => {
    const lines = 'one-"quoted"-line\nand-another'
    expect(maskText(JSON.stringify({ a: lines }), toPatterns([lines]))).toMatch(/^\{"a":"\*+"\}$/)
    expect(hides(new URLSearchParams({ a: secret }).toString())).toMatch(/^a=\*+$/)
    expect(hides(encodeURIComponent(secret).toLowerCase())).toMatch(/^\*+$/)
    expect(hides("s3cr3t/%21pass%20word%2B%C3%A9")).toMatch(/^\*+$/)
  })

  test("a number that is a secret value is hidden, others stay numbers", () => {
    expect(maskJson({ pin: 123456, n: 12 }, toPatterns(["123456"]))).toEqual({ pin: "******", n: 12 })
  })
})
