import { createFinding, type Requirements } from "@berth/spec"
import { describe, expect, test } from "vitest"
import { ended, past, run, running, types, waiting } from "./testing/decide-case.ts"
import { after, attemptRow, exit, observation, runRow, t0 } from "./testing/rows.ts"

describe("loss", () => {
  const known = { observation: observation(attemptRow(runRow()), running), started: after(1) }
  const row = { state: "RUNNING", requirements: { retries: { infrastructure: 0 } } } as const

  test("is never concluded before the full list is in", () => {
    const decision = run({ row, attempts: [known], context: { synced: false, launched: false } })
    expect(decision.set?.state ?? "RUNNING").toBe("RUNNING")
    expect(decision.attempts).toBeUndefined()
    expect(decision.actions).toEqual([])
  })

  test("is concluded when the full list lacks it, or when it is said to be absent", () => {
    for (const it of [{ context: { synced: true, launched: false } }, { seen: { phase: "absent" } }] as const) {
      expect(run({ row, attempts: [known], ...it }).set).toMatchObject({ state: "ERROR", reason: "run.lost" })
    }
  })

  test("is a stop when a stop was asked for", () => {
    const attempts = [{ ...known, stopRequested: t0 }]
    const decision = run({ row: { ...row, desired: "stop" }, attempts, context: { synced: true } })
    expect(decision.set).toMatchObject({ state: "STOPPED" })
  })

  test("an attempt that the executor never accepted is not lost", () => {
    expect(types(run({ row, attempts: [{}], context: { synced: true, launched: false } }))).toEqual(["start"])
    expect(types(run({ row, attempts: [{}], context: { launched: false }, seen: { phase: "absent" } }))).toEqual([
      "start",
    ])
  })
})

describe("timeouts", () => {
  const timeouts = (change: Requirements["timeouts"]) => ({ requirements: { timeouts: change ?? {} } })

  test("queued is 24 h by default, counted from the attempt's creation", () => {
    const before = run({ seen: waiting, now: after(86_399) })
    expect(before.actions).toEqual([])
    expect(before.wakeAt).toBe(Date.parse(after(86_400)))
    const reached = run({ seen: waiting, now: after(86_400) })
    expect(reached.actions).toMatchObject([{ type: "stop", graceSeconds: 30 }])
    expect(reached.attempts).toMatchObject([{ stopRequested: after(86_400), findings: [{ code: "timeout.queued" }] }])
  })

  test("running counts from the attempt's own start and is none by default", () => {
    expect(run({ seen: running }).wakeAt).toBeUndefined()
    const it = { row: timeouts({ running: "1m" }), seen: running }
    expect(run({ ...it, now: after(60) })).toMatchObject({ actions: [], wakeAt: Date.parse(after(61)) })
    expect(run({ ...it, now: after(61) })).toMatchObject({
      actions: [{ type: "stop" }],
      attempts: [{ findings: [{ code: "timeout.running", data: { timeout: "1m" } }] }],
    })
  })

  test("a deadline holds while nothing is known of the attempt", () => {
    const attempts = [{ observation: observation(attemptRow(runRow()), running), started: after(1) }]
    const it = {
      row: { ...timeouts({ running: "1m" }), state: "RUNNING" as const },
      attempts,
      context: { launched: false },
    }
    expect(types(run({ ...it, now: after(61) }))).toEqual(["stop"])
  })

  test("the end after it is an ERROR that names it, and no new attempt follows", () => {
    const findings = [createFinding("timeout.running", { timeout: "1m" })]
    const it = { row: { requirements: { retries: { user: 3 } } }, attempts: [{ stopRequested: after(61), findings }] }
    expect(run({ ...it, seen: ended({ reason: "stopped" }) }).set).toMatchObject({
      state: "ERROR",
      reason: "timeout.running",
    })
  })

  test("an end of its own in the same moment keeps its own reason", () => {
    const findings = [createFinding("timeout.running", { timeout: "1m" })]
    const attempts = [{ stopRequested: after(61), findings }]
    expect(run({ attempts, seen: ended() }).set).toMatchObject({ state: "COMPLETED" })
  })

  test("what it waited for stays beside timeouts.queued", () => {
    const reason = createFinding("port.in_use", { port: 80 })
    const attempt = attemptRow(runRow())
    const attempts = [
      {
        observation: observation(attempt, { phase: "waiting", reasons: [reason] }),
        stopRequested: after(1),
        findings: [createFinding("timeout.queued", { timeout: "1s" })],
      },
    ]
    const decision = run({ attempts, seen: { phase: "ended", exit: exit({ reason: "stopped" }) } })
    expect(decision.set?.findings?.map(({ code }) => code)).toEqual(["timeout.queued", "port.in_use"])
  })
})

describe("stop", () => {
  test("before the first attempt there is nothing to stop", () => {
    const decision = run({ row: { desired: "stop", state: "READY" }, attempts: [] })
    expect(decision).toMatchObject({ actions: [], set: { state: "STOPPED", reason: "run.stopped" } })
  })

  test.each([
    ["waiting", waiting],
    ["running", running],
  ] as const)("%s: STOP, and SIGTERM once", (_name, seen) => {
    const decision = run({ row: { desired: "stop" }, seen })
    expect(decision.set).toMatchObject({ state: "STOP" })
    expect(decision.actions).toMatchObject([{ type: "stop", graceSeconds: 30 }])
    expect(decision.wakeAt).toBe(Date.parse(after(60 + 31)))
  })

  test("is repeated without grace when the time of grace is over, also after a restart", () => {
    const it = {
      row: { desired: "stop", state: "STOP" },
      attempts: [{ stopRequested: after(60) }],
      seen: running,
    } as const
    expect(run({ ...it, now: after(80) })).toMatchObject({ actions: [], wakeAt: Date.parse(after(91)) })
    for (const seen of [running, undefined]) {
      const { seen: _, ...rest } = it
      const decision = run({ ...rest, ...(seen && { seen }), now: after(91), context: { launched: false } })
      expect(decision.actions).toMatchObject([{ type: "stop", graceSeconds: 0 }])
      expect(decision.wakeAt).toBe(Date.parse(after(96)))
    }
  })

  test("an attempt that was never accepted is stopped without the executor", () => {
    const decision = run({ row: { desired: "stop" }, context: { synced: true, launched: false } })
    expect(decision).toMatchObject({ actions: [], set: { state: "STOPPED" }, attempts: [{ ended: after(60) }] })
  })

  test("between attempts no new one follows", () => {
    const row = { desired: "stop", requirements: { retries: { user: 9 } } } as const
    expect(run({ row, attempts: [past({ code: 3 })] })).toMatchObject({
      actions: [{ type: "remove", keepClaims: false }],
      set: { state: "STOPPED" },
    })
  })
})

describe("resume", () => {
  test("a stopped service gets a new attempt, without the traces of the stop", () => {
    for (const action of ["serve", "deploy"]) {
      const decision = run({
        row: { action, state: "STOPPED", desired: "run" },
        attempts: [past({ reason: "stopped" }, { stopRequested: t0 })],
      })
      expect(decision.actions).toMatchObject([{ type: "start", attempt: { number: 2 } }])
      expect(decision.set).toMatchObject({ state: "RESUME" })
      expect(decision.set).toHaveProperty("reason", undefined)
      expect(decision.set).toHaveProperty("finished", undefined)
      expect(decision.set).toHaveProperty("service", undefined)
    }
  })

  test("a stopped service stays at rest otherwise", () => {
    expect(run({ row: { action: "serve", state: "STOPPED", desired: "stop" }, attempts: [past({})] })).toMatchObject({
      actions: [],
    })
  })

  test("asked for while it is still stopping, it first stops", () => {
    const row = { action: "serve", state: "STOP", desired: "run" } as const
    const attempts = [{ stopRequested: after(50) }]
    expect(run({ row, attempts, seen: running }).set?.state ?? "STOP").toBe("STOP")
    expect(run({ row, attempts, seen: ended({ reason: "stopped" }) }).set).toMatchObject({ state: "STOPPED" })
  })
})

describe("delete", () => {
  test("nothing alive: everything is removed, then the row", () => {
    const decision = run({ row: { desired: "delete", state: "ERROR" }, attempts: [past({}), { ended: t0 }] })
    expect(types(decision)).toEqual(["remove", "forget"])
    expect(decision.actions[0]).toMatchObject({ keepClaims: false })
    expect(decision.set).toBeUndefined()
  })

  test("from every state, without an attempt: the row goes", () => {
    for (const state of ["CREATED", "READY", "PENDING", "STOPPED", "COMPLETED", "ERROR"] as const) {
      expect(types(run({ row: { desired: "delete", state }, attempts: [] }))).toEqual(["forget"])
    }
  })

  test.each([
    ["waiting", waiting],
    ["running", running],
    ["unknown", undefined],
  ] as const)("%s: it is stopped first", (_name, seen) => {
    const decision = run({ row: { desired: "delete" }, ...(seen && { seen }) })
    expect(decision.actions).toMatchObject([{ type: "stop", graceSeconds: 30 }])
    expect(decision.set).toMatchObject({ state: "DELETING" })
    expect(decision.wakeAt).toBe(Date.parse(after(91)))
  })

  test("ended or absent: removed at once", () => {
    const row = { desired: "delete", state: "DELETING" } as const
    for (const it of [
      { seen: ended() },
      { seen: { phase: "absent" } },
      { context: { synced: true, launched: false } },
    ] as const) {
      expect(types(run({ row, ...it }))).toEqual(["remove", "forget"])
    }
  })

  test("removed as it is when the grace is over", () => {
    const it = {
      row: { desired: "delete", state: "DELETING" },
      attempts: [{ stopRequested: after(60) }],
      seen: running,
    } as const
    expect(types(run({ ...it, now: after(90) }))).toEqual([])
    expect(types(run({ ...it, now: after(91) }))).toEqual(["remove", "forget"])
  })
})

describe("client-executed runs", () => {
  const row = { clientExecuted: true, state: "RUNNING" } as const

  test("are left alone, but for a stop and a deletion", () => {
    expect(run({ row, attempts: [] })).toEqual(expect.objectContaining({ actions: [] }))
    expect(run({ row: { ...row, desired: "stop" }, attempts: [] }).set).toMatchObject({ state: "STOPPED" })
    expect(types(run({ row: { ...row, desired: "delete" }, attempts: [] }))).toEqual(["forget"])
  })
})
