import { afterAll, describe, expect, it } from "vitest"
import { createEngines } from "./engines-for-tests.ts"
import { at, attempt, entity, project, run, secret } from "./rows-for-tests.ts"
import type { Store } from "./store.ts"

const page = { page: 0, size: 100 }

describe.each(createEngines())("projects on $name", ({ skipped, open, end }) => {
  describe.skipIf(skipped)("with a database", () => {
    afterAll(end)

    it("come back as they were sent, change, and are gone", async () => {
      const { store } = await open()
      const sent = project("p", { spec: { source: "git" }, deleting: true })
      expect(await store.projects.insert(sent)).toBe(true)
      expect(await store.projects.insert(project("p"))).toBe(false)
      expect(await store.projects.get("p")).toEqual(sent)
      const change = { spec: { b: 2 }, status: { state: "READY" }, updated: at(3), deleting: false }
      await store.projects.update("p", change)
      expect(await store.projects.get("p")).toEqual({ ...sent, ...change })
      await store.projects.update("p", {})
      await store.projects.remove("p")
      await store.projects.remove("p")
      expect(await store.projects.get("p")).toBeUndefined()
    })

    it("are listed by name, and filtered", async () => {
      const { store } = await open()
      await store.projects.insert(project("beta", { created: at(1), user: "bob" }))
      await store.projects.insert(project("alpha", { created: at(2), status: { state: "READY" } }))
      await store.projects.insert(project("alp-2", { created: at(3) }))
      const list = async (options: Partial<Parameters<Store["projects"]["list"]>[0]>) =>
        (await store.projects.list({ ...page, ...options })).rows.map((row) => row.name)
      expect(await list({})).toEqual(["alp-2", "alpha", "beta"])
      expect(await list({ sort: [{ field: "created", descending: true }] })).toEqual(["alp-2", "alpha", "beta"])
      expect(await list({ sort: [{ field: "id", descending: true }] })).toEqual(["beta", "alpha", "alp-2"])
      expect(await list({ sort: [{ field: "kind", descending: true }] })).toEqual(["alp-2", "alpha", "beta"])
      expect(await list({ name: "alp" })).toEqual(["alp-2", "alpha"])
      expect(await list({ names: ["beta", "gone"], q: "e" })).toEqual(["beta"])
      expect(await list({ names: [] })).toEqual([])
      expect(await list({ ids: ["alpha"] })).toEqual(["alpha"])
      expect(await list({ user: "bob" })).toEqual(["beta"])
      expect(await list({ state: "READY" })).toEqual(["alpha"])
      expect(await list({ created: { from: at(2), to: at(2) } })).toEqual(["alpha"])
      expect((await store.projects.list({ page: 1, size: 2 })).total).toBe(3)
    })

    it("take everything they own with them, and nothing of another's", async () => {
      const { store } = await open()
      const chunk = { offset: 0, bytes: Buffer.from("x"), lines: [], resume: "1" }
      for (const name of ["p", "q"]) {
        await store.projects.insert(project(name))
        await store.entities.insert(entity("f", { project: name }))
        await store.runs.insert(run("r", { project: name }))
        const stream = { project: name, run: "r", attempt: 1, instance: "i", container: "c" }
        await store.runs.commit({
          project: name,
          id: "r",
          revision: 1,
          at: at(1),
          attempts: [attempt("r", 1, { project: name })],
          logs: [{ ...stream, chunks: [chunk] }],
        })
        await store.secrets.insert(secret("s", { project: name }))
        await store.settings.putPolicy(name, { volumes: "deny" }, at(1))
        await store.settings.putObjects(name, [{ kind: "Node" }], at(1))
        await store.principals.share({ id: "1", project: name, owner: "ada", user: "bob", created: at(1) })
      }
      await store.projects.remove("p")
      expect(await owned(store, "p")).toEqual([0, 0, 0, 0, 0, 0, 0, 0, {}])
      expect(await owned(store, "q")).toEqual([1, 1, 1, 1, 1, 1, 1, 1, { volumes: "deny" }])
    })
  })
})

/** How many of each kind of row a project has, and its policy. */
async function owned(store: Store, name: string): Promise<readonly unknown[]> {
  const { rows: entities } = await store.entities.list(name, "function", { ...page, versions: "all" })
  const { rows: runs } = await store.runs.list(name, page)
  const { rows: secrets } = await store.secrets.list(name, page)
  return [
    entities.length,
    runs.length,
    (await store.runs.attempts(name, "r")).length,
    (await store.runs.transitions(name, "r")).length,
    (await store.logs.streams(name, "r")).length,
    secrets.length,
    (await store.settings.objects(name)).length,
    (await store.principals.shares(name)).length,
    await store.settings.policy(name),
  ]
}
