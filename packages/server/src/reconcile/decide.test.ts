import { createFinding, type Exit, type Observation, type Requirements, type RunState } from "@berth/spec"
import { describe, expect, test } from "vitest"
import type { RunRow } from "../store/store.ts"
import { decide } from "./decide.ts"
import { type Case, ended, failed, past, run, running, types, waiting } from "./testing/decide-case.ts"
import { after, attemptRow, contextAt, observation, runRow, t0 } from "./testing/rows.ts"

describe("starting", () => {
  test("a submitted run becomes PENDING with its first attempt, written before it is started", () => {
    const decision = run({ row: { state: "READY" }, attempts: [] })
    expect(decision.set).toMatchObject({ state: "PENDING" })
    expect(decision.attempts).toMatchObject([
      { number: 1, created: after(60), uid: expect.stringMatching(/^r-r1-.*-a1$/) },
    ])
    expect(decision.actions).toMatchObject([
      { type: "start", attempt: { uid: decision.attempts?.[0]?.uid, number: 1 } },
    ])
  })

  test("a run that is not built waits for its building", () => {
    const { built: _, ...row } = runRow({ state: "CREATED" })
    expect(decide(row, [], { observed: undefined, context: contextAt(t0) })).toEqual({ actions: [] })
  })

  test("a start that may be missing after a crash is made again, before and after the full list", () => {
    for (const synced of [false, true]) {
      expect(types(run({ context: { launched: false, synced } }))).toEqual(["start"])
    }
  })

  test("an accepted start is not repeated", () => {
    expect(run({ context: { launched: true } }).actions).toEqual([])
    expect(run({ attempts: [{ observation: observation(attemptRow(runRow()), waiting) }] }).actions).toEqual([])
  })

  test("says why a start fails, and tries again", () => {
    const finding = createFinding("run.start_failed", { message: "no daemon" })
    const decision = run({ context: { launched: false, startFindings: [finding] } })
    expect(types(decision)).toEqual(["start"])
    expect(decision.set).toMatchObject({ findings: [finding], message: finding.message })
  })
})

describe("following", () => {
  test("waiting: PENDING with its reasons", () => {
    const reason = createFinding("port.in_use", { port: 80 })
    const decision = run({ row: { state: "READY" }, seen: { phase: "waiting", reasons: [reason] } })
    expect(decision.set).toMatchObject({ state: "PENDING", findings: [reason], message: reason.message })
    expect(decision.actions).toEqual([])
  })

  test("running: RUNNING, with the time of its start", () => {
    const decision = run({ seen: running })
    expect(decision.set).toMatchObject({ state: "RUNNING", started: after(1) })
    expect(decision.attempts).toMatchObject([{ started: after(1), observation: { phase: "running" } }])
  })

  test("writes nothing when nothing is new but the time of the observation", () => {
    const first = run({ seen: running })
    const row = { ...first.row, ...first.set, revision: 2 } as RunRow
    const observed = { ...(first.attempts?.[0]?.observation as Observation), at: after(99) }
    const again = decide(row, first.attempts ?? [], { observed, context: contextAt(after(99)) })
    expect(again).toEqual({ actions: [], wakeAt: undefined })
  })

  test("keeps what the building found", () => {
    const finding = createFinding("historic.alias", { used: "env", canonical: "envs" })
    const row = runRow()
    const built = { ...(row.built as NonNullable<RunRow["built"]>), findings: [finding] }
    expect(run({ row: { built }, seen: running }).set?.findings).toEqual([finding])
  })
})

describe("outcomes", () => {
  test.each([
    ["exit 0", { seen: ended() }, "COMPLETED", undefined],
    ["exit 3", { seen: failed }, "ERROR", "exit.nonzero"],
    ["a signal", { seen: ended({ reason: "signaled", code: 139 }) }, "ERROR", "exit.native_crash"],
    ["no start", { seen: ended({ reason: "not_started" }) }, "ERROR", "run.not_started"],
    ["storage", { seen: ended({ reason: "storage", code: 137 }) }, "ERROR", "storage.exceeded"],
    ["oom without budget", { seen: ended({ reason: "oom", code: 137 }) }, "ERROR", "exit.out_of_memory"],
    [
      "lost without budget",
      { row: { requirements: { retries: { infrastructure: 0 } } }, seen: ended({ reason: "lost" }) },
      "ERROR",
      "run.lost",
    ],
    [
      "a stop",
      { row: { desired: "stop", state: "STOP" }, seen: ended({ reason: "stopped" }) },
      "STOPPED",
      "run.stopped",
    ],
    ["its own end before the stop", { row: { desired: "stop", state: "STOP" }, seen: ended() }, "COMPLETED", undefined],
    [
      "its own failure before the stop",
      { row: { desired: "stop", state: "STOP" }, seen: failed },
      "ERROR",
      "exit.nonzero",
    ],
    [
      "a failure that a new attempt would have followed, but for the stop",
      { row: { desired: "stop", requirements: { retries: { user: 1 } } }, seen: failed },
      "STOPPED",
      "run.stopped",
    ],
    ["a service that exits well", { row: { action: "serve" }, seen: ended() }, "ERROR", "service.exited"],
    ["a service that fails", { row: { action: "deploy" }, seen: failed }, "ERROR", "exit.nonzero"],
  ] satisfies [string, Case, RunState, string | undefined][])("%s", (...[, it, state, reason]) => {
    const decision = run(it)
    expect(decision.set).toMatchObject({ state, finished: after(60) })
    expect(decision.set?.reason).toBe(reason)
    expect(decision.set?.findings?.map(({ code }) => code)).toEqual(reason === undefined ? [] : [reason])
    expect(decision.attempts).toMatchObject([{ ended: after(60), observation: { phase: "ended" } }])
    expect(decision.actions).toEqual([])
  })

  test("keeps an object as the results, anything else under output, and the value nowhere else", () => {
    const value = (result: unknown) => run({ seen: ended({ result: { version: 1, ok: true, value: result } }) })
    expect(value({ a: 1 }).set?.results).toEqual({ a: 1 })
    expect(value([1]).set?.results).toEqual({ output: [1] })
    expect(value(null).set?.results).toEqual({ output: null })
    expect(JSON.stringify(value({ needle: 1 }).attempts)).not.toContain("needle")
  })

  test.each([
    [
      "raised",
      { version: 1, ok: false, error: { stage: "raised", type: "ValueError", message: "no" } },
      "handler.raised",
    ],
    ["forged", { hello: 1 }, "result.not_json"],
    ["too large", { version: 1, ok: true, value: "x".repeat(256 * 1024) }, "result.too_large"],
  ])("a result that is %s is an ERROR, whatever the exit code", (_name, result, code) => {
    expect(run({ seen: ended({ result }) }).set).toMatchObject({ state: "ERROR", reason: code })
  })

  test("says what is missing of the log, on the run and on the attempt", () => {
    const gap = createFinding("log.gap", { reason: "rotated" })
    const decision = run({ seen: ended(), context: { logFindings: [gap] } })
    expect(decision.set).toMatchObject({ state: "COMPLETED", findings: [gap] })
    expect(decision.attempts?.[0]?.findings).toEqual([gap])
  })

  test("the attempt is removed after the outcome is written, and then there is nothing left to do", () => {
    const cleanup = run({ row: { state: "COMPLETED" }, attempts: [{ ended: t0 }] })
    expect(cleanup.actions).toMatchObject([{ type: "remove", keepClaims: false }])
    expect(cleanup.set).toBeUndefined()
    expect(cleanup.attempts).toMatchObject([{ removed: after(60) }])
    expect(run({ row: { state: "COMPLETED" }, attempts: [{ ended: t0, removed: t0 }] })).toMatchObject({ actions: [] })
  })

  test.each<[RunState, string]>([
    ["COMPLETED", "job"],
    ["ERROR", "job"],
    ["STOPPED", "job"],
    ["ERROR", "serve"],
  ])("%s of a %s is final, whatever is wanted but deletion", (state, action) => {
    for (const desired of ["run", "stop"] as const) {
      expect(run({ row: { state, action, desired }, attempts: [past({})] })).toMatchObject({ actions: [] })
    }
  })
})

describe("new attempts", () => {
  const retries = (change: Requirements["retries"]) => ({ requirements: { retries: change ?? {} } })

  test.each([
    ["user failure, no budget", undefined, { code: 3 }, [], false],
    ["user failure, budget 1", { user: 1 }, { code: 3 }, [], true],
    ["user failure, budget 1 used", { user: 1 }, { code: 3 }, [{ code: 4 }], false],
    ["user failure, budget used by others only", { user: 1 }, { code: 3 }, [{ reason: "lost" }], true],
    ["signal, budget 1", { user: 1 }, { reason: "signaled", code: 137 }, [], true],
    ["lost, by default", undefined, { reason: "lost" }, [{ reason: "lost" }, { reason: "lost" }], true],
    [
      "lost, default used",
      undefined,
      { reason: "lost" },
      [{ reason: "lost" }, { reason: "disrupted" }, { reason: "lost" }],
      false,
    ],
    ["disrupted, by default", undefined, { reason: "disrupted" }, [], true],
    ["oom, by default", undefined, { reason: "oom" }, [], false],
    ["oom, budget 1", { outOfMemory: 1 }, { reason: "oom" }, [], true],
    ["not started", { user: 5, infrastructure: 5, outOfMemory: 5 }, { reason: "not_started" }, [], false],
    ["storage", { user: 5, infrastructure: 5, outOfMemory: 5 }, { reason: "storage" }, [], false],
    ["stopped", { user: 5, infrastructure: 5, outOfMemory: 5 }, { reason: "stopped" }, [], false],
  ] satisfies [string, Requirements["retries"], Partial<Exit>, Partial<Exit>[], boolean][])(
    "%s",
    (...[, budget, last, before, follows]) => {
      const decision = run({
        row: retries(budget),
        attempts: [...before.map((facts) => past(facts)), {}],
        seen: ended(last),
      })
      expect(decision.set?.state === "PENDING").toBe(follows)
      expect(decision.attempts?.at(-1)?.ended).toBe(after(60))
    },
  )

  test("the next one starts only when the last is gone", () => {
    const left = { ...past({ code: 3 }) }
    delete (left as { removed?: string }).removed
    const removal = run({ row: retries({ user: 1 }), attempts: [left] })
    expect(removal.actions).toMatchObject([{ type: "remove", keepClaims: true }])
    const next = run({ row: retries({ user: 1 }), attempts: [past({ code: 3 })] })
    expect(types(next)).toEqual(["start"])
    expect(next.attempts).toMatchObject([{ number: 2 }])
    expect(next.set?.findings).toMatchObject([{ code: "run.retried", data: { attempt: 1, next: 2 } }])
  })

  test("after an out-of-memory kill it gets half as much again as the peak, limit and request", () => {
    const requirements = { retries: { outOfMemory: 2 }, resources: { mem: { requests: "64Mi", limits: "128Mi" } } }
    const first = past({ reason: "oom", peakMemoryBytes: 128 * 1024 ** 2 })
    const decision = run({ row: { requirements }, attempts: [first] })
    expect(decision.attempts?.[0]?.attempt.requirements.resources?.mem).toEqual({ requests: "192Mi", limits: "192Mi" })
    expect(decision.set?.findings).toContainEqual(
      expect.objectContaining({ code: "run.memory_raised", data: { attempt: 2, from: "128Mi", to: "192Mi" } }),
    )
  })

  test("what was raised stays raised when another failure follows", () => {
    const row = runRow({
      requirements: { resources: { mem: { limits: "128Mi" } }, retries: { user: 1, outOfMemory: 1 } },
    })
    const raised = attemptRow(row, { number: 2 }).attempt
    const second = {
      ...past({ code: 3 }),
      attempt: { ...raised, requirements: { ...raised.requirements, resources: { mem: { limits: "192Mi" } } } },
    }
    const decision = run({ row, attempts: [past({ reason: "oom" }), second] })
    expect(decision.attempts?.[0]).toMatchObject({
      number: 3,
      attempt: { requirements: { resources: { mem: { limits: "192Mi" } } } },
    })
  })

  test("a service's count begins anew after a stop", () => {
    const stopped = past({ reason: "stopped" }, { stopRequested: t0 })
    const attempts = [past({ code: 3 }), stopped, {}]
    const row = { action: "serve", ...retries({ user: 1 }) }
    expect(run({ row, attempts, seen: failed }).set?.state).toBe("PENDING")
    expect(run({ row, attempts: [past({ code: 3 }), {}], seen: failed }).set?.state).toBe("ERROR")
  })
})
