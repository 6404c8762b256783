import { afterAll, describe, expect, it } from "vitest"
import { createEngines } from "./engines-for-tests.ts"
import { at, fill } from "./rows-for-tests.ts"
import type { TokenRow } from "./store.ts"

function token(id: string, change: Partial<TokenRow> = {}): TokenRow {
  return { id, user: "ada", name: `token ${id}`, hash: `hash-${id}`, role: "user", created: at(0), ...change }
}

describe.each(createEngines())("principals on $name", ({ skipped, open, end }) => {
  describe.skipIf(skipped)("with a database", () => {
    afterAll(end)

    it("keep personal tokens by their hash", async () => {
      const { store } = await open()
      const limited = token("t1", { role: "admin", projects: ["p", "q"], expires: at(9) })
      await store.principals.insertToken(limited)
      await store.principals.insertToken(token("t2", { created: at(1) }))
      await store.principals.insertToken(token("t3", { user: "bob" }))
      expect(await store.principals.tokenByHash("hash-t1")).toEqual(limited)
      expect(await store.principals.tokenByHash("hash")).toBeUndefined()
      expect(await store.principals.tokens("ada")).toEqual([limited, token("t2", { created: at(1) })])
      expect(await store.principals.removeToken("bob", "t1")).toBe(false)
      expect(await store.principals.removeToken("ada", "t1")).toBe(true)
      expect(await store.principals.tokenByHash("hash-t1")).toBeUndefined()
      await expect(store.principals.insertToken(token("t9", { hash: "hash-t2" }))).rejects.toThrow()
    })

    it("keep with whom a project is shared", async () => {
      const { store } = await open()
      await fill(store)
      const share = { id: "s1", project: "p", owner: "ada", user: "bob", created: at(0) }
      await store.principals.share(share)
      await store.principals.share({ ...share, id: "s2", user: "*", created: at(1) })
      expect(await store.principals.shares("p")).toEqual([share, { ...share, id: "s2", user: "*", created: at(1) }])
      expect(await store.principals.shares("q")).toEqual([])
      expect(await store.principals.removeShare("q", "s1")).toBe(false)
      expect(await store.principals.removeShare("p", "s1")).toBe(true)
      expect(await store.principals.shares("p")).toHaveLength(1)
      await expect(store.principals.share({ ...share, project: "gone" })).rejects.toMatchObject({ code: "not_found" })
    })
  })
})
