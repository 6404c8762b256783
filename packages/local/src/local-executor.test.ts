import { afterEach, describe, expect, it } from "vitest"
import {
  commandAttempt,
  createExecutorFixture,
  type ExecutorFixture,
  scriptAttempt,
} from "./testing/executor-fixture.ts"

let fixture: ExecutorFixture | undefined
const open = async (...options: Parameters<typeof createExecutorFixture>) => {
  fixture = await createExecutorFixture(...options)
  return fixture
}
afterEach(async () => {
  await fixture?.dispose()
  fixture = undefined
})

describe("a program", () => {
  it("runs, and its output and exit code are seen", async () => {
    const { run } = await open()
    const { exit, log } = await run(scriptAttempt("echo out; echo err >&2; exit 3"))
    expect(exit).toMatchObject({ reason: "exited", code: 3 })
    expect(log).toBe("out\nerr\n")
  })

  it("that is not there was not started, with what was asked for", async () => {
    const { run } = await open()
    const { exit, log } = await run(commandAttempt(["no-such-program"]))
    expect(exit).toMatchObject({
      reason: "not_started",
      code: 127,
      message: expect.stringContaining("no-such-program"),
    })
    expect(log).toBe("")
  })
})
