import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { createEngines } from "./engines-for-tests.ts"
import { at, entity, project } from "./rows-for-tests.ts"
import type { EntityRow, Store } from "./store.ts"

const all = { page: 0, size: 100, versions: "all" } as const
const newest = { ...all, versions: "latest" } as const

describe.each(createEngines())("entities on $name", ({ skipped, open, end }) => {
  describe.skipIf(skipped)("with a database", () => {
    afterAll(end)

    async function filled(...rows: readonly EntityRow[]): Promise<Store> {
      const { store } = await open()
      await store.projects.insert(project("p"))
      for (const row of rows) expect(await store.entities.insert(row)).toBe(true)
      return store
    }

    it("come back as they were sent", async () => {
      const whole = entity("f1", {
        functionRef: "python://p/train:f0",
        spec: { source: {}, null: null, nested: [{ b: 1, a: 2 }] },
        status: { state: "READY", other: 1 },
        extensions: [{ kind: "k", name: "n", spec: {} }],
      })
      const store = await filled(whole)
      expect(await store.entities.get("p", "function", "f1")).toEqual(whole)
      expect(await store.entities.get("p", "task", "f1")).toBeUndefined()
      expect(await store.entities.get("q", "function", "f1")).toBeUndefined()
    })

    it("have their identity by project, type and id", async () => {
      const store = await filled(entity("x"), entity("x", { type: "task" }))
      await store.projects.insert(project("q"))
      expect(await store.entities.insert(entity("x", { name: "other" }))).toBe(false)
      expect(await store.entities.insert(entity("x", { project: "q" }))).toBe(true)
      expect((await store.entities.get("p", "function", "x"))?.name).toBe("train")
      await expect(store.entities.insert(entity("x", { project: "gone" }))).rejects.toMatchObject({
        code: "not_found",
      })
    })

    it("have a newest version: the youngest, of one instant the one inserted last", async () => {
      const store = await filled(
        entity("young", { created: at(5) }),
        entity("old", { created: at(1) }),
        entity("twin1", { name: "twins", created: at(3) }),
        entity("twin2", { name: "twins", created: at(3) }),
        entity("task", { type: "task", created: at(9) }),
      )
      expect((await store.entities.latest("p", "function", "train"))?.id).toBe("young")
      expect((await store.entities.latest("p", "function", "twins"))?.id).toBe("twin2")
      expect(await store.entities.latest("p", "function", "none")).toBeUndefined()
      const listed = await store.entities.list("p", "function", newest)
      expect([listed.rows.map((row) => row.id), listed.total]).toEqual([["young", "twin2"], 2])
      await store.entities.remove("p", "function", "young")
      expect((await store.entities.latest("p", "function", "train"))?.id).toBe("old")
    })

    it("filter the newest version, not the newest of those that match", async () => {
      const store = await filled(
        entity("v1", { created: at(1), kind: "python" }),
        entity("v2", { created: at(2), kind: "container" }),
      )
      expect((await store.entities.list("p", "function", { ...newest, kind: "python" })).total).toBe(0)
      expect((await store.entities.list("p", "function", { ...all, kind: "python" })).total).toBe(1)
    })

    it("change what was given and nothing else", async () => {
      const store = await filled(entity("f1", { spec: { a: 1 }, extensions: [{ kind: "k" }] }))
      await store.entities.update("p", "function", "f1", { status: { state: "READY" }, updated: at(4) })
      expect(await store.entities.get("p", "function", "f1")).toEqual(
        entity("f1", { spec: { a: 1 }, extensions: [{ kind: "k" }], status: { state: "READY" }, updated: at(4) }),
      )
      expect((await store.entities.list("p", "function", { ...all, state: "READY" })).total).toBe(1)
      await store.entities.update("p", "function", "f1", {})
      await store.entities.update("p", "function", "gone", { updated: at(5) })
      expect((await store.entities.get("p", "function", "f1"))?.updated).toBe(at(4))
    })

    it("are found by labels, all of them, also after a change", async () => {
      const labelled = (...labels: string[]) => ({ ...entity("x").metadata, labels })
      const store = await filled(
        entity("a", { metadata: labelled("red", "big", "red") }),
        entity("b", { metadata: labelled("red") }),
        entity("c", { metadata: { ...entity("c").metadata, labels: "red" as unknown as string[] } }),
      )
      const find = async (...labels: string[]) =>
        (await store.entities.list("p", "function", { ...all, labels })).rows.map((row) => row.id)
      expect(await find("red")).toEqual(["b", "a"])
      expect(await find("red", "big")).toEqual(["a"])
      expect(await find("big", "blue")).toEqual([])
      await store.entities.update("p", "function", "a", { metadata: labelled("blue") })
      expect(await find("red")).toEqual(["b"])
      expect(await find("blue")).toEqual(["a"])
    })

    it("go with their project", async () => {
      const store = await filled(entity("f1", { metadata: { ...entity("x").metadata, labels: ["red"] } }))
      await store.projects.remove("p")
      await store.projects.insert(project("p"))
      expect(await store.entities.get("p", "function", "f1")).toBeUndefined()
      expect((await store.entities.list("p", "function", all)).total).toBe(0)
    })
  })
})

describe.each(createEngines())("the list of entities on $name", ({ skipped, open, end }) => {
  describe.skipIf(skipped)("with a database", () => {
    let store: Store
    beforeAll(async () => {
      ;({ store } = await open())
      await store.projects.insert(project("p"))
      await store.entities.insert(entity("a", { created: at(3), name: "Zed", kind: "container" }))
      await store.entities.insert(entity("b", { created: at(1), name: "abc", kind: "node", user: "bob" }))
      await store.entities.insert(entity("c", { created: at(2), name: "_b", kind: "node+job", updated: at(7) }))
      await store.entities.insert(entity("d", { created: at(2), name: "b", functionRef: "x://p/f:1" }))
    })
    afterAll(end)

    it.each<[string, Omit<Parameters<Store["entities"]["list"]>[2], "page" | "size" | "versions">, readonly string[]]>([
      ["newest first", {}, ["a", "d", "c", "b"]],
      ["by name, in code points", { sort: [{ field: "name", descending: false }] }, ["a", "c", "b", "d"]],
      ["of a name", { name: "abc" }, ["b"]],
      ["that contains a text", { q: "B" }, ["d", "c", "b"]],
      ["that contains an underscore", { q: "_" }, ["c"]],
      ["of a function", { functionRef: "x://p/f:1" }, ["d"]],
      ["without kinds", { hideKinds: ["node", "container"] }, ["d"]],
      ["of a user", { user: "bob" }, ["b"]],
      ["updated since", { updated: { from: at(1) } }, ["c"]],
      ["of a state", { state: "CREATED", kind: "node" }, ["b"]],
      ["by ids", { ids: ["d", "b"] }, ["d", "b"]],
    ])("%s", async (_, options, ids) => {
      const { rows, total } = await store.entities.list("p", "function", { ...all, ...options })
      expect([rows.map((row) => row.id), total]).toEqual([ids, ids.length])
    })
  })
})
