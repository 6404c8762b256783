import type { RunState } from "@berth/spec"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { createEngines } from "./engines-for-tests.ts"
import { at, attempt, fill, project, run } from "./rows-for-tests.ts"
import type { RunChange, RunRow, Store } from "./store.ts"

const page = { page: 0, size: 100 }

describe.each(createEngines())("runs on $name", ({ skipped, open, end }) => {
  describe.skipIf(skipped)("with a database", () => {
    afterAll(end)

    async function filled(...runs: readonly RunRow[]): Promise<Store> {
      const { store } = await open()
      await fill(store, ...runs)
      return store
    }

    function change(id: string, revision: number, set: RunChange["set"]): RunChange {
      return { project: "p", id, revision, at: at(9), ...(set && { set }) }
    }

    it("comes back as it was sent, whole", async () => {
      const whole = run("r1", {
        extensions: [{ kind: "x", name: "y", spec: { b: 1, a: 2 } }],
        message: "waits\u0000 for 😀 \ud800",
        reason: "resources.memory.exceeded",
        findings: [
          { code: "x", severity: "warning", class: "user", path: ["resources", "mem"], data: { a: 1 }, message: "m" },
        ] as unknown as RunRow["findings"],
        built: {
          attempt: attempt("r1", 1).attempt,
          requirements: { nodeSelector: { a: "b" } },
          provenance: {},
          findings: [],
        },
        service: { url: "127.0.0.1:80", ports: [] },
        results: { output: 1.5 },
        status: { outputs: { model: "store://p/model/m" } },
        clientExecuted: true,
        started: at(1),
        finished: at(2),
      })
      const store = await filled(whole)
      expect(await store.runs.get("p", "r1")).toEqual(whole)
      const { built: _, ...listed } = whole
      expect((await store.runs.list("p", page)).rows).toEqual([listed])
      expect(await store.runs.get("p", "r2")).toBeUndefined()
      expect(await store.runs.get("q", "r1")).toBeUndefined()
    })

    it("is refused when its id is taken, and changes nothing then", async () => {
      const store = await filled(run("r1", { spec: { first: true } }))
      expect(await store.runs.insert(run("r1", { spec: { first: false } }))).toBe(false)
      expect((await store.runs.get("p", "r1"))?.spec).toEqual({ first: true })
      expect(await store.runs.transitions("p", "r1")).toHaveLength(1)
    })

    it("has its identity in its project", async () => {
      const store = await filled(run("r1", { spec: { in: "p" } }))
      await store.projects.insert(project("q"))
      expect(await store.runs.insert(run("r1", { project: "q", spec: { in: "q" } }))).toBe(true)
      expect((await store.runs.get("q", "r1"))?.spec).toEqual({ in: "q" })
      expect((await store.runs.get("p", "r1"))?.spec).toEqual({ in: "p" })
    })

    it("needs its project", async () => {
      const store = await filled()
      await expect(store.runs.insert(run("r1", { project: "gone" }))).rejects.toMatchObject({ code: "not_found" })
    })

    it("changes only at the revision that was read", async () => {
      const store = await filled(run("r1"))
      expect(await store.runs.commit(change("r1", 1, { message: "first" }))).toBe(true)
      expect(await store.runs.commit(change("r1", 1, { message: "late" }))).toBe(false)
      expect(await store.runs.get("p", "r1")).toMatchObject({ message: "first", revision: 2 })
      expect(await store.runs.commit(change("r9", 1, {}))).toBe(false)
    })

    it("lets exactly one of many commits of one revision through", async () => {
      const store = await filled(run("r1"))
      const tries = Array.from({ length: 12 }, (_, index) =>
        store.runs.commit(change("r1", 1, { state: "PENDING", message: String(index) })),
      )
      const won = (await Promise.all(tries)).flatMap((ok, index) => (ok ? [String(index)] : []))
      expect(won).toHaveLength(1)
      expect((await store.runs.get("p", "r1"))?.message).toBe(won[0])
      expect((await store.runs.transitions("p", "r1")).map((row) => row.state)).toEqual(["READY", "PENDING"])
    })

    it("empties a member that is set to undefined and leaves the others", async () => {
      const store = await filled(run("r1", { message: "m", reason: "r", started: at(1) }))
      const set = { message: undefined, reason: undefined } as unknown as NonNullable<RunChange["set"]>
      await store.runs.commit(change("r1", 1, set))
      const row = await store.runs.get("p", "r1")
      expect(row).not.toHaveProperty("message")
      expect(row).not.toHaveProperty("reason")
      expect(row?.started).toBe(at(1))
    })

    it("writes state, attempt and log chunk together, or nothing of them", async () => {
      const store = await filled(run("r1"))
      const stream = { project: "p", run: "r1", attempt: 1, instance: "i", container: "main" }
      const wrongOffset = { offset: 5, bytes: Buffer.from("x"), lines: [], resume: "1" }
      const commit = store.runs.commit({
        ...change("r1", 1, { state: "RUNNING" }),
        attempts: [attempt("r1", 1)],
        logs: [{ ...stream, chunks: [wrongOffset] }],
      })
      await expect(commit).rejects.toMatchObject({ code: "internal" })
      expect(await store.runs.get("p", "r1")).toMatchObject({ state: "READY", revision: 1 })
      expect(await store.runs.attempts("p", "r1")).toEqual([])
      expect(await store.logs.streams("p", "r1")).toEqual([])
      expect(await store.runs.transitions("p", "r1")).toHaveLength(1)
      expect(
        await store.runs.commit({
          ...change("r1", 1, { state: "RUNNING" }),
          attempts: [attempt("r1", 1)],
          logs: [{ ...stream, chunks: [{ ...wrongOffset, offset: 0 }] }],
        }),
      ).toBe(true)
      expect(await store.runs.attempts("p", "r1")).toEqual([attempt("r1", 1)])
      expect(await store.logs.streams("p", "r1")).toEqual([{ ...stream, length: 1, resume: "1" }])
    })

    it.each<[RunState, RunState]>([
      ["COMPLETED", "ERROR"],
      ["COMPLETED", "RUNNING"],
      ["ERROR", "COMPLETED"],
      ["ERROR", "PENDING"],
      ["STOPPED", "RESUME"],
      ["STOPPED", "COMPLETED"],
      ["RUNNING", "READY"],
    ])("never goes from %s to %s (I2)", async (from, to) => {
      const store = await filled(run("r1", { state: from }))
      await expect(store.runs.commit(change("r1", 1, { state: to, message: "x" }))).rejects.toMatchObject({
        code: "internal",
      })
      expect(await store.runs.get("p", "r1")).toMatchObject({ state: from, revision: 1 })
      expect(await store.runs.commit(change("r1", 1, { state: from, message: "said again" }))).toBe(true)
      expect(await store.runs.transitions("p", "r1")).toHaveLength(1)
    })

    it("resumes a stopped service", async () => {
      const store = await filled(run("r1", { state: "STOPPED", action: "serve" }))
      expect(await store.runs.commit(change("r1", 1, { state: "RESUME" }))).toBe(true)
    })

    it("keeps one attempt alive at a time (I3)", async () => {
      const store = await filled(run("r1"))
      await store.runs.commit({ ...change("r1", 1, {}), attempts: [attempt("r1", 1)] })
      await expect(store.runs.commit({ ...change("r1", 2, {}), attempts: [attempt("r1", 2)] })).rejects.toThrow()
      const ended = attempt("r1", 1, { ended: at(3), findings: [], stopRequested: at(2), started: at(1) })
      expect(await store.runs.commit({ ...change("r1", 2, {}), attempts: [attempt("r1", 2), ended] })).toBe(true)
      expect(await store.runs.attempts("p", "r1")).toEqual([ended, attempt("r1", 2)])
    })

    it("records what the user wants; a deletion is not taken back", async () => {
      const store = await filled(run("r1"))
      expect(await store.runs.setDesired("p", "r1", "stop", at(5))).toMatchObject({
        desired: "stop",
        revision: 2,
        updated: at(5),
      })
      await store.runs.setDesired("p", "r1", "delete", at(6))
      expect(await store.runs.setDesired("p", "r1", "run", at(7))).toMatchObject({ desired: "delete", revision: 3 })
      expect(await store.runs.setDesired("p", "r9", "run", at(7))).toBeUndefined()
    })

    it("goes with attempts, transitions and logs, leaves one line that says so, and its id can come back", async () => {
      const store = await filled(run("r1"), run("r2"))
      const stream = { project: "p", run: "r1", attempt: 1, instance: "i", container: "main" }
      const chunks = Array.from({ length: 150 }, (_, offset) => ({
        offset,
        bytes: Buffer.from("x"),
        lines: [],
        resume: String(offset),
      }))
      await store.runs.commit({
        ...change("r1", 1, { state: "RUNNING" }),
        attempts: [attempt("r1", 1)],
        logs: [{ ...stream, chunks }],
      })
      await store.runs.remove("p", "r1", at(8))
      await store.runs.remove("p", "r1", at(9))
      expect(await store.runs.get("p", "r1")).toBeUndefined()
      expect(await store.runs.attempts("p", "r1")).toEqual([])
      expect(await store.logs.streams("p", "r1")).toEqual([])
      expect(await store.logs.read(stream, 0, 10)).toEqual([])
      expect((await store.runs.transitionsAfter("p", 0, 10)).map((row) => [row.run, row.state])).toEqual([
        ["r2", "READY"],
        ["r1", "DELETED"],
      ])
      expect(await store.runs.insert(run("r1"))).toBe(true)
      expect((await store.runs.transitions("p", "r1")).map((row) => row.state)).toEqual(["READY"])
      expect(await store.logs.read(stream, 0, 10)).toEqual([])
    })

    describe("what is live", () => {
      it("is everything that the reconciler still has to do with", async () => {
        const store = await filled(
          run("ready"),
          run("done", { state: "COMPLETED" }),
          run("failed", { state: "ERROR" }),
          run("stopped", { state: "STOPPED", desired: "stop" }),
          run("resumed", { state: "STOPPED", action: "serve" }),
          run("kept", { state: "COMPLETED" }),
          run("cleaned", { state: "COMPLETED" }),
          run("unwanted", { state: "COMPLETED", desired: "delete" }),
          run("clients", { state: "RUNNING", clientExecuted: true }),
          run("clients-unwanted", { state: "RUNNING", clientExecuted: true, desired: "delete" }),
        )
        await store.runs.commit({ ...change("kept", 1, {}), attempts: [attempt("kept", 1, { ended: at(1) })] })
        await store.runs.commit({
          ...change("cleaned", 1, {}),
          attempts: [attempt("cleaned", 1, { ended: at(1), removed: at(2) })],
        })
        const ids = ["clients-unwanted", "kept", "ready", "resumed", "unwanted"]
        expect(await store.runs.live()).toEqual(ids.map((id) => ({ project: "p", id })))
        expect(await store.runs.countByState()).toEqual({ READY: 1, COMPLETED: 4, ERROR: 1, STOPPED: 2, RUNNING: 2 })
      })
    })

    it("tells of every change, once it is committed", async () => {
      const store = await filled()
      const told: string[] = []
      const heard: string[] = []
      const end = store.onChange("p", (_, id) => told.push(id))
      store.onChange("*", (owner, id) => heard.push(`${owner}/${id}`))
      store.onChange("q", () => told.push("never"))
      await store.runs.insert(run("r1"))
      await store.runs.insert(run("r1"))
      await store.runs.commit(change("r1", 1, { state: "PENDING" }))
      await store.runs.commit(change("r1", 1, {}))
      await store.runs.setDesired("p", "r1", "stop", at(1))
      expect(told).toEqual(["r1", "r1", "r1"])
      end()
      await store.runs.remove("p", "r1", at(1))
      expect(told).toHaveLength(3)
      expect(heard).toEqual(["p/r1", "p/r1", "p/r1", "p/r1"])
    })
  })
})

describe.each(createEngines())("the list of runs on $name", ({ skipped, open, end }) => {
  describe.skipIf(skipped)("with a database", () => {
    let store: Store
    beforeAll(async () => {
      ;({ store } = await open())
      await fill(
        store,
        run("a", { created: at(3), functionRef: "python://p/train:f1", state: "RUNNING" }),
        run("b", { created: at(1), functionRef: "python://p/train:f2", name: "B_ee", user: "bob" }),
        run("c", { created: at(2), functionRef: "python://p/training:f3", taskRef: "python+job://p/t2" }),
        run("d", { created: at(2), functionRef: "node://p/count:n1", kind: "node+job:run", action: "serve" }),
      )
    })
    afterAll(end)

    it.each<[string, Parameters<Store["runs"]["list"]>[1], readonly string[]]>([
      ["newest first, then inserted last", page, ["a", "d", "c", "b"]],
      ["a page", { page: 1, size: 3 }, ["b"]],
      ["a page past the end", { page: 9, size: 3 }, []],
      ["sorted", { ...page, sort: [{ field: "name", descending: false }] }, ["b", "a", "c", "d"]],
      [
        "sorted by two",
        {
          ...page,
          sort: [
            { field: "kind", descending: true },
            { field: "id", descending: false },
          ],
        },
        ["a", "b", "c", "d"],
      ],
      ["of a state", { ...page, state: "RUNNING" }, ["a"]],
      ["of a kind", { ...page, kind: "node+job:run" }, ["d"]],
      ["without a kind of function", { ...page, hideKinds: ["node"] }, ["a", "c", "b"]],
      ["of a function's version", { ...page, functionRef: "python://p/train:f2" }, ["b"]],
      ["of every version of a function", { ...page, functionRef: "python://p/train" }, ["a", "b"]],
      ["of a task", { ...page, taskRef: "python+job://p/t2" }, ["c"]],
      ["of an action", { ...page, action: "serve" }, ["d"]],
      ["of a user", { ...page, user: "bob" }, ["b"]],
      ["of a name", { ...page, name: "B_ee" }, ["b"]],
      ["that contains a text, whatever its case", { ...page, q: "b_E" }, ["b"]],
      ["whose function contains a text", { ...page, q: "training" }, ["c"]],
      ["that contains a wildcard", { ...page, q: "%" }, []],
      ["that contains a NUL", { ...page, q: "\0" }, []],
      ["that contains a novel", { ...page, q: "x".repeat(60_000) }, []],
      ["by ids", { ...page, ids: ["c", "a", "z"] }, ["a", "c"]],
      ["by no ids", { ...page, ids: [] }, []],
      ["created since", { ...page, created: { from: at(2) } }, ["a", "d", "c"]],
      ["created between", { ...page, created: { from: at(2), to: at(2) } }, ["d", "c"]],
      ["created between, in other words", { ...page, created: { to: "2026-01-01T01:00:01+01:00" } }, ["b"]],
      ["with everything at once", { ...page, state: "RUNNING", user: "ada", q: "a", action: "job" }, ["a"]],
    ])("%s", async (_, options, ids) => {
      const { rows, total } = await store.runs.list("p", options)
      expect(rows.map((row) => row.id)).toEqual(ids)
      if (options.page === 0) expect(total).toBe(ids.length)
      else expect(total).toBe(4)
    })
  })
})
