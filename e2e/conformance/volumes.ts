import type { Requirements } from "@berth/spec"
import { expect, test } from "vitest"
import type { Trial } from "./conformance.ts"
import { type AttemptOptions, project, readLog, toRef } from "./subject.ts"

const claim = {
  apiVersion: "v1",
  kind: "PersistentVolumeClaim",
  metadata: { name: "kept", namespace: project },
  spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } },
}

function mounting(spec: { claimName: string } | { size: string }, subPath?: string): Requirements {
  return {
    volumes: [
      {
        name: "data",
        volumeType: "persistent_volume_claim",
        mountPath: "/data",
        spec,
        ...(subPath !== undefined && { subPath }),
      },
    ],
  }
}

export function checkVolumes(trial: Trial): void {
  const { subject, make, newRun } = trial

  test("a claim keeps its data from run to run", async () => {
    await subject().setObjects([claim])
    const requirements = mounting({ claimName: "kept" })
    expect(await logOf(trial, { run: newRun(), requirements, script: 'echo data >"$V_DATA/x"' })).toBe("")
    expect(await logOf(trial, { run: newRun(), requirements, script: 'cat "$V_DATA/x"' })).toBe("data\n")
  })

  test("subPath is a part of the same claim", async () => {
    await subject().setObjects([claim])
    const part = mounting({ claimName: "kept" }, "a/b")
    expect(await logOf(trial, { run: newRun(), requirements: part, script: 'echo deep >"$V_DATA/y"' })).toBe("")
    const whole = mounting({ claimName: "kept" })
    expect(await logOf(trial, { run: newRun(), requirements: whole, script: 'cat "$V_DATA/a/b/y"' })).toBe("deep\n")
  })

  test("a claim by size stays from attempt to attempt and goes with the run", async () => {
    const requirements = mounting({ size: "16Mi" })
    const run = newRun()
    expect(await logOf(trial, { run, requirements, script: 'echo mine >"$V_DATA/z"' })).toBe("")
    await subject().executor.remove(toRef(make({ run })), { keepClaims: true })
    expect(await logOf(trial, { run, number: 2, requirements, script: 'cat "$V_DATA/z"' })).toBe("mine\n")
    await subject().executor.remove(toRef(make({ run, number: 2 })))
    expect(await logOf(trial, { run, number: 3, requirements, script: 'ls -A "$V_DATA" | wc -l' })).toBe("0\n")
  })

  test("an empty_dir begins empty in every attempt", async () => {
    const volumes = [{ name: "data", volumeType: "empty_dir", mountPath: "/data", spec: {} }] as const
    const script = 'ls -A "$V_DATA" | wc -l; echo x >"$V_DATA/x"'
    for (const number of [1, 2]) {
      expect(await logOf(trial, { run: newRun(), number, requirements: { volumes }, script })).toBe("0\n")
    }
  })
}

async function logOf({ subject, observer, make }: Trial, options: AttemptOptions): Promise<string> {
  const attempt = make(options)
  await subject().executor.start(attempt)
  const { exit, logs } = await observer().until(attempt.uid, "ended")
  const log = (await Promise.all(logs.map((source) => readLog(subject().executor, source)))).join("")
  expect(exit, log).toMatchObject({ reason: "exited", code: 0 })
  return log
}
