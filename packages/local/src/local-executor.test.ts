import { existsSync, readdirSync } from "node:fs"
import { setTimeout } from "node:timers/promises"
import { afterEach, describe, expect, it } from "vitest"
import { createRandom } from "../../../scripts/seed.ts"
import { readAttemptFiles } from "./attempt-files.ts"
import type { Isolation } from "./isolation/isolation.ts"
import { placesOf } from "./places.ts"
import {
  commandAttempt,
  createExecutorFixture,
  type ExecutorFixture,
  scriptAttempt,
} from "./testing/executor-fixture.ts"
import { filesWith, findByCommand, has, readQuietly } from "./testing/machine.ts"

const random = createRandom("local executor")
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

describe.each(isolations)("a program under isolation %s", (isolation) => {
  it("runs, and its output and exit code are seen", async () => {
    const fixture = await open({ isolation })
    const { exit, log } = await fixture.run(scriptAttempt("echo out; echo err >&2; exit 3"))
    expect(exit).toMatchObject({ reason: "exited", code: 3 })
    expect(log).toBe("out\nerr\n")
    const parity = fixture.seen.flatMap((each) => ("parity" in each && each.parity !== undefined ? [each.parity] : []))
    expect(parity[0]?.some(({ path }) => path === "isolation")).toBe(isolation === "none")
  })

  it("that is not there was not started, with what was asked for", async () => {
    const { run } = bind(await open({ isolation }))
    const { exit, log } = await run(commandAttempt(["no-such-program"]))
    expect(exit).toMatchObject({
      reason: "not_started",
      code: 127,
      message: expect.stringContaining("no-such-program"),
    })
    expect(log).toBe("")
  })

  it("killed by a signal of its own is told so", async () => {
    const { run } = bind(await open({ isolation }))
    expect((await run(scriptAttempt("kill -SEGV $$$$"))).exit).toMatchObject({ reason: "signaled", code: 139 })
  })

  it("gets SIGTERM once, and its own exit counts", async () => {
    const fixture = await open({ isolation })
    const attempt = scriptAttempt('trap "echo term; sleep 0.2; exit 7" TERM; echo ready; while :; do sleep 0.05; done')
    await fixture.executor.start(attempt)
    await fixture.logged(attempt, "ready")
    await fixture.executor.stop(attempt, { graceSeconds: 10 })
    expect(await fixture.ended(attempt.uid)).toMatchObject({ reason: "stopped", code: 7 })
    expect(await fixture.log(attempt)).toBe("ready\nterm\n")
  })

  it("that ignores SIGTERM is killed after the grace, with everything it started", async () => {
    const fixture = await open({ isolation })
    const mark = `31${Math.floor(random() * 1e9)}`
    const script = `trap "" TERM; setsid sleep ${mark} & (setsid sleep ${mark} &) ; (sleep ${mark} &) ; echo ready; sleep ${mark}`
    const attempt = scriptAttempt(script)
    await fixture.executor.start(attempt)
    await fixture.logged(attempt, "ready")
    expect(findByCommand(`sleep ${mark}`).length).toBeGreaterThanOrEqual(4)
    const asked = Date.now()
    await fixture.executor.stop(attempt, { graceSeconds: 0.5 })
    expect(await fixture.ended(attempt.uid)).toMatchObject({ reason: "stopped", code: 137 })
    expect(Date.now() - asked).toBeGreaterThan(450)
    expect(findByCommand(`sleep ${mark}`)).toEqual([])
  })

  it("leaves nothing running when it ends by itself", async () => {
    const fixture = await open({ isolation })
    const mark = `32${Math.floor(random() * 1e9)}`
    const { exit } = await fixture.run(scriptAttempt(`setsid sleep ${mark} & (sleep ${mark} &); sleep 0.1; exit 0`))
    expect(exit).toMatchObject({ reason: "exited", code: 0 })
    expect(findByCommand(`sleep ${mark}`)).toEqual([])
  })

  it.runIf(isolation === "none")("leaves nothing running without a cgroup either", async () => {
    const fixture = await open({ isolation, limits: "watcher" })
    const mark = `38${Math.floor(random() * 1e9)}`
    await fixture.run(scriptAttempt(`setsid sleep ${mark} & (setsid sleep ${mark} &); sleep 0.1; exit 0`))
    expect(findByCommand(`sleep ${mark}`)).toEqual([])
  })

  it("loses its supervisor: the rest is killed and it is told lost", async () => {
    const fixture = await open({ isolation })
    const mark = `33${Math.floor(random() * 1e9)}`
    const attempt = scriptAttempt(`setsid sleep ${mark} & echo ready; sleep ${mark}`)
    await fixture.executor.start(attempt)
    await fixture.logged(attempt, "ready")
    const supervisor = readAttemptFiles(placesOf(fixture.data, attempt.uid)).started?.supervisor
    process.kill(supervisor?.pid ?? Number.NaN, "SIGKILL")
    expect(await fixture.ended(attempt.uid)).toMatchObject({ reason: "lost" })
    expect(findByCommand(`sleep ${mark}`)).toEqual([])
  })

  it("removed while it runs leaves no process, folder or event", async () => {
    const fixture = await open({ isolation })
    const mark = `34${Math.floor(random() * 1e9)}`
    const attempt = scriptAttempt(`trap "" TERM; setsid sleep ${mark} & echo ready; sleep ${mark}`)
    await fixture.executor.start(attempt)
    await fixture.logged(attempt, "ready")
    await fixture.executor.remove(attempt)
    await fixture.executor.remove(attempt)
    expect(findByCommand(mark)).toEqual([])
    expect(findByCommand(attempt.uid)).toEqual([])
    expect(existsSync(placesOf(fixture.data, attempt.uid).attempt)).toBe(false)
    expect(existsSync(placesOf(fixture.data, attempt.uid).event)).toBe(false)
    expect(fixture.seen.at(-1)).toMatchObject({ phase: "absent" })
  })

  it("stopped or removed at any moment of its start leaves nothing, and is never told lost", async () => {
    const fixture = await open({ isolation })
    const mark = `37${Math.floor(random() * 1e9)}`
    const attempts = Array.from({ length: 12 }, () => scriptAttempt(`setsid sleep ${mark} & sleep ${mark}`))
    for (const [index, attempt] of attempts.entries()) {
      await fixture.executor.start(attempt)
      await setTimeout(random() * 60)
      if (index % 3 === 0) await fixture.executor.remove(attempt)
      else await fixture.executor.stop(attempt, { graceSeconds: 0.2 })
    }
    for (const [index, attempt] of attempts.entries()) {
      if (index % 3 === 0) await fixture.until(attempt.uid, ({ phase }) => phase === "absent")
      else expect(await fixture.ended(attempt.uid)).toMatchObject({ reason: "stopped" })
    }
    expect(findByCommand(mark)).toEqual([])
    expect(findByCommand(fixture.data)).toEqual([])
  })

  it("gets exactly the environment that was promised, whatever the names", async () => {
    const fixture = await open({
      isolation,
      environment: { PATH: process.env.PATH, LANG: "C.UTF-8", SERVER_TOKEN: "x" },
    })
    const envs = [
      { name: "env-name", value: "dash" },
      { name: "with.dot", value: 'it\'s $HOME `x` \\ "q"\nsecond line' },
      { name: "OPTIND", value: "not a number" },
      { name: "IFS", value: "abc" },
      { name: "text", value: "own word" },
      { name: "A", value: "1" },
      { name: "B", value: "$(A)$(NOPE)$$(A)" },
    ]
    const { log } = await fixture.run(commandAttempt(["/usr/bin/env", "-0"], { requirements: { envs } }))
    const got = Object.fromEntries(
      log
        .split("\0")
        .filter((line) => line !== "")
        .map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]),
    )
    for (const { name, value } of envs.slice(0, -1)) expect([name, got[name]]).toEqual([name, value])
    expect(got.B).toBe("1$(NOPE)$(A)")
    expect(got).toMatchObject({ LANG: "C.UTF-8", BERTH_PROJECT: "demo", PROJECT_NAME: "demo", BERTH_ATTEMPT: "1" })
    expect(got).not.toHaveProperty("SERVER_TOKEN")
    expect(got.HOME).toContain(fixture.data)
  })

  it("keeps a secret out of files, arguments and other environments", async () => {
    const value = `canary-${random().toString(36).slice(2)}`
    const fixture = await open({ isolation, secrets: { "my-secret": value, PLAIN: `plain-${value}` } })
    const attempt = scriptAttempt('[ "$PLAIN" = "plain-$MY_SECRET" ] && echo same; sleep 30', {
      requirements: { secrets: [{ name: "my-secret" }, { name: "PLAIN" }] },
    })
    await fixture.executor.start(attempt)
    await fixture.logged(attempt, "same")
    expect(filesWith(fixture.data, value)).toEqual([])
    const processes = readdirSync("/proc").filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    expect(processes.filter((pid) => readQuietly(`/proc/${pid}/cmdline`).includes(value))).toEqual([])
    const holders = processes.filter((pid) => readQuietly(`/proc/${pid}/environ`).includes(value))
    expect(holders.length).toBeGreaterThan(0)
    for (const pid of holders) expect(readQuietly(`/proc/${pid}/environ`)).toContain(`BERTH_RUN_ID=${attempt.run}\0`)
    await fixture.executor.stop(attempt, { graceSeconds: 1 })
    await fixture.ended(attempt.uid)
    expect(filesWith(fixture.data, value)).toEqual([])
  })
})

/** Methods that can be taken apart from their fixture. */
function bind(fixture: ExecutorFixture) {
  return { run: (...words: Parameters<ExecutorFixture["run"]>) => fixture.run(...words) }
}
