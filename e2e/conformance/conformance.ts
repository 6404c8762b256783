import type { Attempt } from "@berth/spec"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { checkCase, portCases } from "./cases.ts"
import { checkLogs } from "./logs.ts"
import { checkRestart } from "./restart.ts"
import { checkService } from "./service.ts"
import { checkStop } from "./stop.ts"
import { type AttemptOptions, makeAttempt, type Observer, project, type Subject, toRef, watch } from "./subject.ts"
import { checkVolumes } from "./volumes.ts"

export interface ConformanceOptions {
  readonly name: string
  create(): Promise<Subject>
}

/** What a test needs of the executor that is tried; read when the test runs. */
export interface Trial {
  readonly subject: () => Subject
  readonly observer: () => Observer
  /** An attempt that this executor can run. */
  make(options: AttemptOptions): Attempt
  /** A name for a run that no other test has. */
  newRun(): string
}

/** What every executor must do, whatever it runs attempts with. */
export function conformance({ name, create }: ConformanceOptions): void {
  describe(`the executor port: ${name}`, () => {
    let subject: Subject
    let observer: Observer
    let count = 0
    const trial: Trial = {
      subject: () => subject,
      observer: () => observer,
      make: (options) => makeAttempt({ image: subject.image, ...options }),
      newRun: () => `run${++count}`,
    }

    beforeAll(async () => {
      process.env.CONFORMANCE_CANARY = "of the server"
      subject = await create()
      observer = watch(subject.executor)
    })

    afterAll(async () => {
      delete process.env.CONFORMANCE_CANARY
      for (const uid of new Set(observer.seen.flatMap((one) => (one === "synced" ? [] : [one.attempt.uid])))) {
        const last = observer.last(uid)
        if (last !== undefined && last.phase !== "absent") await subject.executor.remove(last.attempt)
      }
      await observer.close()
      await subject.close()
    })

    describe("cases", () => {
      test.each(portCases)("$name", async (it) => {
        await checkCase(it, { subject, observer, run: trial.newRun() })
      })
    })
    describe("start and observe", () => checkStart(trial))
    describe("stop and remove", () => checkStop(trial))
    describe("logs", () => checkLogs(trial))
    describe("volumes", () => checkVolumes(trial))
    describe("service", () => checkService(trial))
    describe("questions", () => checkQuestions(trial))
    describe("restart", () => checkRestart(trial))
  })
}

function checkStart({ subject, observer, make, newRun }: Trial): void {
  test("is made once, however often it is asked for", async () => {
    const run = newRun()
    const attempt = make({ run, script: "echo started; sleep 0.3" })
    const { executor } = subject()
    await Promise.all([executor.start(attempt), executor.start(attempt)])
    await executor.start(attempt)
    const { exit, logs } = await observer().until(attempt.uid, "ended")
    await executor.start(attempt)
    expect(exit).toMatchObject({ reason: "exited", code: 0 })
    const { readLog } = await import("./subject.ts")
    expect(await readLog(executor, logs[0] as (typeof logs)[0])).toBe("started\n")
  })

  test("says when it started, where, and when it ended", async () => {
    const before = new Date().toISOString()
    const attempt = make({ run: newRun(), script: "sleep 0.1" })
    await subject().executor.start(attempt)
    const ended = await observer().until(attempt.uid, "ended")
    const times = [before, ended.startedAt ?? "", ended.exit.finishedAt, new Date().toISOString()]
    expect(times).toEqual(times.toSorted())
    expect(ended.node).toMatch(/./)
  })

  test("a late observer is told everything, then synced, and nothing after its end", async () => {
    const attempt = make({ run: newRun(), script: "sleep 30" })
    await subject().executor.start(attempt)
    await observer().until(attempt.uid, "running")
    const late = watch(subject().executor)
    await late.until(attempt.uid, "running")
    const synced = late.seen.indexOf("synced")
    const first = late.seen.findIndex((one) => one !== "synced" && one.attempt.uid === attempt.uid)
    expect(first).toBeLessThan(synced === -1 ? Number.POSITIVE_INFINITY : synced)
    await late.close()
    const told = late.seen.length
    await subject().executor.remove(toRef(attempt))
    await observer().until(attempt.uid, "absent")
    expect(late.seen).toHaveLength(told)
  })

  test("what waits starts once nothing stands in its way", async () => {
    const run = newRun()
    await subject().setObjects([])
    const spec = { name: "late-settings" }
    const requirements = {
      volumes: [{ name: "cfg", volumeType: "config_map", mountPath: "/etc/conformance", spec }] as const,
    }
    const attempt = make({ run, requirements, script: 'cat "$V_CFG/a"' })
    await subject().executor.start(attempt)
    await observer().until(attempt.uid, "waiting")
    const configMap = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "late-settings" }, data: { a: "here" } }
    await subject().setObjects([configMap])
    expect((await observer().until(attempt.uid, "ended")).exit).toMatchObject({ reason: "exited", code: 0 })
  })

  test("speaks about every requirement of the request", async () => {
    const requirements = {
      resources: { cpu: { limits: "1" }, mem: { requests: "16Mi", limits: "256Mi" } },
      volumes: [{ name: "scratch", volumeType: "empty_dir", mountPath: "/scratch", spec: {} }] as const,
      securityContext: { runAsUser: 8877 },
    }
    const attempt = make({ run: newRun(), requirements })
    await subject().executor.start(attempt)
    const { parity = [] } = await observer().until(attempt.uid, "ended")
    const paths = parity.map(({ path }) => path)
    const asked = ["resources.cpu.limits", "resources.mem.requests", "resources.mem.limits", "volumes.scratch"]
    expect(paths).toEqual(expect.arrayContaining(asked))
    expect(paths.some((path) => path.startsWith("security_context"))).toBe(true)
    for (const { how, level } of parity)
      expect([how.length > 0, ["enforced", "approximated", "ignored"].includes(level)]).toEqual([true, true])
  })
}

function checkQuestions({ subject, make, newRun }: Trial): void {
  const options = { signal: new AbortController().signal }

  test("plan says now for what fits and never for what no node holds, and starts nothing", async () => {
    await subject().setObjects([])
    const { executor } = subject()
    const attempt = make({ run: newRun() })
    expect(await executor.plan({ attempt }, options)).toMatchObject({ verdict: "now", findings: [] })
    const huge = make({ run: newRun(), requirements: { resources: { mem: { requests: "900Ti" } } } })
    const verdict = await executor.plan({ attempt: huge }, options)
    expect(verdict.verdict).toBe("never")
    expect(verdict.findings).not.toEqual([])
    const observer = watch(executor)
    await expect.poll(() => observer.seen.includes("synced")).toBe(true)
    expect([observer.last(attempt.uid), observer.last(huge.uid)]).toEqual([undefined, undefined])
    await observer.close()
  })

  test("explain says what a waiting attempt waits for", async () => {
    const attempt = make({ run: newRun(), requirements: { resources: { mem: { requests: "900Ti" } } } })
    await subject().executor.start(attempt)
    expect(await subject().executor.explain(toRef(attempt), options)).not.toEqual([])
  })

  test("inventory names nodes with what they have", async () => {
    const { nodes } = await subject().executor.inventory(project, options)
    expect(nodes.length).toBeGreaterThan(0)
    for (const { allocatable } of nodes)
      expect(Object.keys(allocatable)).toEqual(expect.arrayContaining(["cpu", "memory"]))
  })
}
