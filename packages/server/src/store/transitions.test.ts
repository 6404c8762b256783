import { afterAll, describe, expect, it } from "vitest"
import type { Engine } from "./engine.ts"
import { createEngines } from "./engines-for-tests.ts"
import { openPostgres } from "./postgres.ts"
import { at, fill, project, run } from "./rows-for-tests.ts"
import type { Store } from "./store.ts"
import { insertTransition } from "./transitions.ts"

describe.each(createEngines())("transitions on $name", ({ name, skipped, open, end }) => {
  describe.skipIf(skipped)("with a database", () => {
    afterAll(end)

    it("tell a run's story, oldest first", async () => {
      const { store } = await open()
      await fill(store, run("r1", { state: "CREATED", message: "made" }), run("r2"))
      const commit = (revision: number, set: Parameters<Store["runs"]["commit"]>[0]["set"]) =>
        store.runs.commit({ project: "p", id: "r1", revision, at: at(revision), ...(set && { set }) })
      await commit(1, { state: "PENDING", message: "waits\0" })
      await commit(2, { message: "still waits" })
      await commit(3, { state: "RUNNING" })
      expect(await store.runs.transitions("p", "r1")).toEqual([
        { seq: 1, project: "p", run: "r1", state: "CREATED", message: "made", at: at(0) },
        { seq: 3, project: "p", run: "r1", state: "PENDING", message: "waits\0", at: at(1) },
        { seq: 4, project: "p", run: "r1", state: "RUNNING", at: at(3) },
      ])
    })

    it("are read after a number, so many at a time, of one project", async () => {
      const { store } = await open()
      await store.projects.insert(project("q"))
      await fill(store, run("r1"), run("r2"), run("x", { project: "q" }), run("r3"))
      const read = async (...[seq, limit]: [number, number]) =>
        (await store.runs.transitionsAfter("p", seq, limit)).map((row) => row.run)
      expect(await read(0, 10)).toEqual(["r1", "r2", "r3"])
      expect(await read(1, 1)).toEqual(["r2"])
      expect(await read(4, 10)).toEqual([])
      expect(await store.runs.transitionRange("p")).toEqual({ first: 1, last: 4 })
      expect(await store.runs.transitionRange("q")).toEqual({ first: 1, last: 3 })
      expect(await store.runs.transitionRange("none")).toEqual({ first: 0, last: 0 })
    })

    it("keep their numbers growing when a project is made anew, and say that its past is gone", async () => {
      const { store } = await open()
      await fill(store, run("r1"), run("r2"))
      await store.projects.remove("p")
      await store.projects.insert(project("p"))
      expect(await store.runs.transitionRange("p")).toEqual({ first: 3, last: 2 })
      await store.runs.insert(run("r1"))
      expect(await store.runs.transitionRange("p")).toEqual({ first: 3, last: 3 })
    })

    it("forget old deletions, say so, and keep every story of a run that exists", async () => {
      const { store } = await open({ keptDeletions: 3 })
      await fill(store, run("kept"))
      for (let index = 0; index < 6; index += 1) {
        await store.runs.insert(run(`gone${index}`))
        await store.runs.remove("p", `gone${index}`, at(index))
      }
      expect((await store.runs.transitionsAfter("p", 0, 100)).map((row) => row.run)).toEqual([
        "kept",
        "gone3",
        "gone4",
        "gone5",
      ])
      const forgotten = 1 + 2 * 3
      expect(await store.runs.transitionRange("p")).toEqual({ first: forgotten + 1, last: 13 })
    })

    it("are never missed by a reader that goes on after the last number it saw", async () => {
      const { store } = await open()
      await fill(store)
      const ids = Array.from({ length: 24 }, (_, index) => `r${index}`)
      let writing = true
      const seen: number[] = []
      async function follow(): Promise<void> {
        for (let last = 0; ; ) {
          const ended = !writing
          const rows = await store.runs.transitionsAfter("p", last, 1000)
          seen.push(...rows.map((row) => row.seq))
          last = seen.at(-1) ?? 0
          if (ended && rows.length === 0) return
          await new Promise((resolve) => setImmediate(resolve))
        }
      }
      async function live(id: string): Promise<void> {
        await store.runs.insert(run(id))
        await store.runs.commit({ project: "p", id, revision: 1, at: at(1), set: { state: "PENDING" } })
        await store.runs.commit({ project: "p", id, revision: 2, at: at(2), set: { state: "RUNNING" } })
        await store.runs.commit({ project: "p", id, revision: 3, at: at(3), set: { state: "COMPLETED" } })
      }
      const reader = follow()
      await Promise.all(ids.map(live))
      writing = false
      await reader
      expect(seen).toEqual(Array.from({ length: 4 * ids.length }, (_, index) => index + 1))
    })

    if (name === "sqlite") return

    it("get no number while another session has one that is not committed", async () => {
      const { store, options } = await open()
      await fill(store)
      const { promise: wait, resolve: go } = Promise.withResolvers<void>()
      const first = await openPostgres(String(options.databaseUrl), () => {})
      const second = await openPostgres(String(options.databaseUrl), () => {})
      const write = (engine: Engine, id: string, until: Promise<void>) =>
        engine.transact(async (database) => {
          await insertTransition(database, 1, { project: "p", run: id, state: "READY", at: at(0) })
          await until
        })
      const slow = write(first, "slow", wait)
      await new Promise((resolve) => setTimeout(resolve, 100))
      const quick = write(second, "quick", Promise.resolve())
      await new Promise((resolve) => setTimeout(resolve, 200))
      expect(await store.runs.transitionsAfter("p", 0, 10)).toEqual([])
      go()
      await Promise.all([slow, quick])
      expect((await store.runs.transitionsAfter("p", 0, 10)).map((row) => row.run)).toEqual(["slow", "quick"])
      await first.close()
      await second.close()
    })
  })
})
