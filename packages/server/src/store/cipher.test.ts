import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { createKey, seal, toKey, unseal } from "./cipher.ts"

const key = createKey()

describe("a sealed value", () => {
  it("opens to the text it was made of, at its place", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), fc.string(), (text, place) => {
        expect(unseal([createKey(), key], place, seal(key, place, text).value)).toBe(text)
      }),
    )
  })

  it("is another one each time, and shows nothing of the text but its length", () => {
    const [one, two] = [seal(key, "p/a", "secret"), seal(key, "p/a", "secret")]
    expect(one.value).not.toEqual(two.value)
    expect(one.value).toHaveLength(1 + 8 + 12 + "secret".length + 16)
    expect([one.value[0], one.keyId]).toEqual([1, key.id])
    expect(Buffer.from(one.value).toString("hex", 1, 9)).toBe(key.id)
  })

  it("does not open when any of its bits is another, when it is cut, or somewhere else", () => {
    const { value } = seal(key, "p/a", "secret")
    fc.assert(
      fc.property(fc.nat(value.length - 1), fc.nat(7), (index, bit) => {
        const damaged = value.with(index, (value[index] ?? 0) ^ (1 << bit))
        expect(() => unseal([key], "p/a", damaged)).toThrow("p/a")
      }),
    )
    for (let length = 0; length < value.length; length += 1) {
      expect(() => unseal([key], "p/a", value.subarray(0, length))).toThrow("p/a")
    }
    expect(() => unseal([key], "p/b", value)).toThrow("moved there by hand")
  })

  it("needs its key, and an error names the key by its id alone", () => {
    const bytes = new Uint8Array(32).fill(65)
    const other = toKey(bytes)
    const { value } = seal(other, "p/a", "hunter22")
    expect(() => unseal([key], "p/a", value)).toThrow(other.id)
    expect(() => unseal([key], "p/a", value)).not.toThrow(/hunter22|AAAA/)
    expect(other.id).toBe(toKey(bytes).id)
    expect(other.id).not.toBe(key.id)
  })
})
