import type { Attempt } from "@berth/spec"
import { expect, test } from "vitest"
import type { Trial } from "./conformance.ts"
import { readLog, toRef } from "./subject.ts"

/** A program that does as it is told at SIGTERM and goes on; resolves once it is ready for it. */
export async function startTrapping({ subject, observer, make, newRun }: Trial, atTerm: string): Promise<Attempt> {
  const script = `trap '${atTerm}' TERM; echo up; while :; do sleep 0.05; done`
  const attempt = make({ run: newRun(), script })
  const { executor } = subject()
  await executor.start(attempt)
  const { logs } = await observer().until(attempt.uid, "running")
  const signal = AbortSignal.timeout(10_000)
  expect(await firstBytes(executor.logs(source(logs), { signal }))).toBe("up\n")
  return attempt
}

export function checkStop(trial: Trial): void {
  const { subject, observer, make, newRun } = trial

  test("a stop is SIGTERM, and the program may tidy up", async () => {
    const attempt = await startTrapping(trial, "echo tidied up; exit 0")
    await subject().executor.stop(toRef(attempt), { graceSeconds: 10 })
    const ended = await observer().until(attempt.uid, "ended")
    expect(ended.exit.reason).toBe("stopped")
    expect(await readLog(subject().executor, source(ended.logs))).toBe("up\ntidied up\n")
  })

  test("a program that ignores it is killed when the grace is over", async () => {
    const attempt = await startTrapping(trial, "")
    const begun = Date.now()
    await subject().executor.stop(toRef(attempt), { graceSeconds: 1 })
    const { exit } = await observer().until(attempt.uid, "ended")
    expect(exit).toMatchObject({ reason: "stopped", code: 137 })
    expect(Date.now() - begun).toBeGreaterThan(800)
  })

  test("a second stop without grace kills at once", async () => {
    const attempt = await startTrapping(trial, "")
    await subject().executor.stop(toRef(attempt), { graceSeconds: 600 })
    await subject().executor.stop(toRef(attempt), { graceSeconds: 0 })
    expect((await observer().until(attempt.uid, "ended")).exit).toMatchObject({ reason: "stopped", code: 137 })
  })

  test("a stop at any moment of the start is kept", async () => {
    const script = 'trap "" TERM; while :; do sleep 0.05; done'
    const stopped = Array.from({ length: 20 }, async (_, index) => {
      const attempt = make({ run: newRun(), script })
      await subject().executor.start(attempt)
      await new Promise((resolve) => setTimeout(resolve, index * 3))
      await subject().executor.stop(toRef(attempt), { graceSeconds: 1 })
      return (await observer().until(attempt.uid, "ended")).exit.reason
    })
    expect(new Set(await Promise.all(stopped))).toEqual(new Set(["stopped"]))
  })

  test("what waits is stopped without ever starting", async () => {
    const requirements = { resources: { cpu: { requests: "100000" } } }
    const attempt = make({ run: newRun(), requirements, script: "echo started" })
    await subject().executor.start(attempt)
    await observer().until(attempt.uid, "waiting")
    await subject().executor.stop(toRef(attempt), { graceSeconds: 0 })
    const ended = await observer().until(attempt.uid, "ended")
    expect(ended.exit.reason).toBe("stopped")
    for (const log of ended.logs) expect(await readLog(subject().executor, log)).toBe("")
  })

  test("a stop after the end changes nothing", async () => {
    const attempt = make({ run: newRun(), script: "exit 4" })
    await subject().executor.start(attempt)
    await observer().until(attempt.uid, "ended")
    await subject().executor.stop(toRef(attempt), { graceSeconds: 0 })
    expect(observer().last(attempt.uid)).toMatchObject({ exit: { reason: "exited", code: 4 } })
  })

  test("a stop and a removal of what is not there are no error", async () => {
    const gone = toRef(make({ run: newRun() }))
    await subject().executor.stop(gone, { graceSeconds: 0 })
    await subject().executor.remove(gone)
    await subject().executor.remove(gone)
  })

  test("a removal ends what runs, with every child, and it is absent from then on", async () => {
    const script = "(setsid sleep 300 >/dev/null 2>&1 &); (sleep 300 &); echo up; sleep 300"
    const attempt = make({ run: newRun(), script })
    await subject().executor.start(attempt)
    await observer().until(attempt.uid, "running")
    await Promise.all([subject().executor.remove(toRef(attempt)), subject().executor.remove(toRef(attempt))])
    await observer().until(attempt.uid, "absent")
  })
}

function source<Source>(logs: readonly Source[]): Source {
  const [first] = logs
  if (first === undefined) throw new Error("no log source")
  return first
}

async function firstBytes(chunks: AsyncIterable<{ readonly bytes: Uint8Array }>): Promise<string> {
  for await (const { bytes } of chunks) return Buffer.from(bytes).toString("utf8")
  return ""
}
