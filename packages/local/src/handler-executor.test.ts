import { mkdtempSync, rmSync } from "node:fs"
import { homedir } from "node:os"
import { join } from "node:path"
import type { Attempt, HandlerProgram, RunnerResult } from "@berth/spec"
import { afterEach, describe, expect, test } from "vitest"
import { missing } from "../../../scripts/parts.ts"
import type { Isolation } from "./isolation/isolation.ts"
import { commandAttempt, createExecutorFixture, type ExecutorFixture } from "./testing/executor-fixture.ts"
import { has } from "./testing/machine.ts"
import { makeWheel } from "./testing/make-wheel.ts"

const fixtures: ExecutorFixture[] = []
const open = async (...options: Parameters<typeof createExecutorFixture>) => {
  const fixture = await createExecutorFixture(...options)
  fixtures.push(fixture)
  return fixture
}
afterEach(async () => {
  for (const fixture of fixtures.splice(0)) await fixture.dispose()
})

const isolations: readonly Isolation["name"][] = [
  ...(has("bwrap") ? (["bubblewrap"] as const) : []),
  ...(has("unshare") ? (["unshare"] as const) : []),
  "none",
]

function handlerAttempt(kind: "python" | "node", code: string, more: Partial<HandlerProgram & Attempt> = {}): Attempt {
  const { packages, parameters, requirements } = more
  const name = kind === "python" ? "main.py" : "main.ts"
  const program: HandlerProgram = {
    kind,
    handler: "f",
    code: { form: "file", name, base64: Buffer.from(code).toString("base64") },
    ...(packages !== undefined && { packages }),
  }
  return {
    ...commandAttempt([]),
    function: { name: "f", id: "f1", kind },
    program,
    ...(parameters !== undefined && { parameters }),
    ...(requirements !== undefined && { requirements }),
  }
}

describe.skipIf(missing("python")).each(isolations)("a handler under isolation %s", (isolation) => {
  test("in Python is called with its parameters, and its value is the result", async () => {
    const code = "import os\ndef f(n): print('counting'); return {'n': n + 1, 'run': os.environ['BERTH_RUN_ID']}"
    const attempt = handlerAttempt("python", code, { parameters: { n: 1 } })
    const { exit, log } = await (await open({ isolation })).run(attempt)
    expect(log).toBe("counting\n")
    const result: RunnerResult = { version: 1, ok: true, value: { n: 2, run: attempt.run } }
    expect(exit).toMatchObject({ reason: "exited", code: 0, result })
  })

  test("in TypeScript is called with its parameters, and its value is the result", async () => {
    const code = "export const f = ({ n }: { n: number }) => { console.log('counting'); return { n: n + 1 } }"
    const { exit, log } = await (await open({ isolation })).run(handlerAttempt("node", code, { parameters: { n: 1 } }))
    expect(log).toBe("counting\n")
    expect(exit).toMatchObject({ reason: "exited", code: 0, result: { version: 1, ok: true, value: { n: 2 } } })
  })

  test("that raises leaves its traceback in the log and in the result", async () => {
    const { exit, log } = await (await open({ isolation })).run(handlerAttempt("python", "def f(): 1/0"))
    expect(exit).toMatchObject({
      reason: "exited",
      code: 1,
      result: { ok: false, error: { type: "ZeroDivisionError" } },
    })
    expect(log).toContain("ZeroDivisionError: division by zero\n")
  })

  test("finds its packages, which are built once", async () => {
    const fixture = await open({ isolation })
    // Where a handler under isolation can read, too: not below /tmp.
    const wheels = mkdtempSync(join(homedir(), "berth-wheels-"))
    makeWheel(wheels, "1.0")
    const packages = ["--no-index", `--find-links ${wheels}`, "berth-greeting==1.0"]
    const code = "import berth_greeting, subprocess\ndef f(): return subprocess.check_output('greet', text=True)"
    const first = await fixture.run(handlerAttempt("python", code, { packages }))
    const second = await fixture.run(handlerAttempt("python", code, { packages }))
    rmSync(wheels, { recursive: true })
    expect(first.exit).toMatchObject({ code: 0, result: { value: "hello 1.0\n" } })
    expect(first.log).toContain("Successfully installed berth-greeting-1.0")
    expect(second).toMatchObject({ exit: { code: 0, result: { value: "hello 1.0\n" } }, log: "" })
  })

  test("whose packages cannot be installed was not started, with pip's words", async () => {
    const packages = ["--no-index", "berth-no-such-package==1"]
    const { exit, log } = await (await open({ isolation })).run(handlerAttempt("python", "def f(): pass", { packages }))
    expect(exit).toMatchObject({ reason: "not_started", message: expect.stringContaining("berth-no-such-package") })
    expect(log).toContain("No matching distribution")
  })

  test("whose code cannot be unpacked was not started, and says why", async () => {
    const attempt = handlerAttempt("python", "")
    const program = { ...attempt.program, code: { form: "tar.gz", base64: "QUJD" } } as HandlerProgram
    const { exit } = await (await open({ isolation })).run({ ...attempt, program })
    expect(exit).toMatchObject({ reason: "not_started", message: expect.stringContaining("no tar.gz") })
  })

  test("is ended by a stop, `finally` included", async () => {
    const fixture = await open({ isolation })
    const code = "import time\ndef f():\n  try:\n    print('ready'); time.sleep(60)\n  finally: print('cleaned')"
    const attempt = handlerAttempt("python", code)
    await fixture.executor.start(attempt)
    await fixture.running(attempt.uid)
    await fixture.logged(attempt, "ready\n")
    await fixture.executor.stop(attempt, { graceSeconds: 10 })
    expect(await fixture.ended(attempt.uid)).toMatchObject({ reason: "stopped", code: 143 })
    expect(await fixture.log(attempt)).toBe("ready\ncleaned\n")
  })

  test("in TypeScript is ended by a stop at once", async () => {
    const fixture = await open({ isolation })
    const code = "export const f = () => { console.log('ready'); return new Promise((r) => setTimeout(r, 60000)) }"
    const attempt = handlerAttempt("node", code)
    await fixture.executor.start(attempt)
    await fixture.running(attempt.uid)
    await fixture.logged(attempt, "ready\n")
    const before = Date.now()
    await fixture.executor.stop(attempt, { graceSeconds: 10 })
    expect(await fixture.ended(attempt.uid)).toMatchObject({ reason: "stopped", code: 143 })
    expect(Date.now() - before).toBeLessThan(3000)
  })
})
