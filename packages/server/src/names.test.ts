import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { attemptUid } from "./names.ts"

const ids = fc.stringMatching(/^[a-zA-Z0-9._+-]{1,255}$/)

describe("attemptUid", () => {
  test("is readable: slug, hash, number", () => {
    expect(attemptUid("default", "3f9c2a71", 2)).toMatch(/^r-3f9c2a71-[0-9a-f]{20}-a2$/)
  })

  test("leaves the slug out when nothing of the id survives", () => {
    expect(attemptUid("default", "...", 1)).toMatch(/^r-[0-9a-f]{20}-a1$/)
  })

  test("is a DNS label of at most 52 characters for every id", () => {
    fc.assert(
      fc.property(ids, fc.integer({ min: 1, max: 9_999_999 }), (run, number) => {
        const uid = attemptUid("p", run, number)
        expect(uid).toMatch(/^[a-z]([-a-z0-9]*[a-z0-9])?$/)
        expect(uid.length).toBeLessThanOrEqual(52)
      }),
    )
  })

  test("tells ids apart that share a slug, and projects that share an id", () => {
    expect(attemptUid("p", "A.b", 1)).not.toBe(attemptUid("p", "a-b", 1))
    expect(attemptUid("p", "x", 1)).not.toBe(attemptUid("q", "x", 1))
    expect(attemptUid("p", "x", 1)).not.toBe(attemptUid("p", "x", 2))
  })
})
