import { expect, test } from "vitest"
import type { Trial } from "./conformance.ts"
import { startTrapping } from "./stop.ts"
import { readLog, toRef, watch } from "./subject.ts"

/** Runs last: afterwards the subject has another executor. */
export function checkRestart(trial: Trial): void {
  const { subject, observer, make, newRun } = trial

  test("another executor finds everything again: what waits, what runs, what ended while nobody looked", async () => {
    const waiting = make({ run: newRun(), requirements: { resources: { cpu: { requests: "100000" } } } })
    const running = make({ run: newRun(), script: "echo one; sleep 3; echo two; exit 6" })
    const ending = make({ run: newRun(), script: "echo short; sleep 0.3; exit 7" })
    for (const attempt of [waiting, running, ending]) await subject().executor.start(attempt)
    await observer().until(running.uid, "running")
    await observer().until(ending.uid, "running")
    const next = await subject().restart()
    const again = watch(next)
    expect((await again.until(ending.uid, "ended")).exit).toMatchObject({ reason: "exited", code: 7 })
    await again.until(waiting.uid, "waiting")
    expect(again.last(running.uid)?.phase).toBe("running")
    await next.start(running)
    const ended = await again.until(running.uid, "ended")
    expect(ended.exit).toMatchObject({ reason: "exited", code: 6 })
    const log = (await Promise.all(ended.logs.map((source) => readLog(next, source)))).join("")
    expect(log).toBe("one\ntwo\n")
    for (const attempt of [waiting, running, ending]) {
      await next.remove(toRef(attempt))
      await again.until(attempt.uid, "absent")
    }
    await again.close()
  })

  test("a stop that was under way goes on, with SIGKILL in the end", async () => {
    const before = watch(subject().executor)
    const attempt = await startTrapping({ ...trial, observer: () => before }, "")
    const begun = Date.now()
    await subject().executor.stop(toRef(attempt), { graceSeconds: 1 })
    await before.close()
    const next = await subject().restart()
    const again = watch(next)
    expect((await again.until(attempt.uid, "ended")).exit).toMatchObject({ reason: "stopped", code: 137 })
    expect(Date.now() - begun).toBeGreaterThan(800)
    await next.remove(toRef(attempt))
    await again.until(attempt.uid, "absent")
    await again.close()
  })
}
