import { existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs"
import { availableParallelism } from "node:os"
import { basename, join } from "node:path"
import { afterEach, describe, expect, it } from "vitest"
import { ownCgroups } from "./limits/choose.ts"
import { createExecutorFixture, type ExecutorFixture, scriptAttempt } from "./testing/executor-fixture.ts"
import { findByCommand, has } from "./testing/machine.ts"

const fixtures: ExecutorFixture[] = []
const open = async (...options: Parameters<typeof createExecutorFixture>) => {
  const fixture = await createExecutorFixture(...options)
  fixtures.push(fixture)
  return fixture
}
afterEach(async () => {
  for (const fixture of fixtures.splice(0)) await fixture.dispose()
})

const memory = (limits: string) => ({ requirements: { resources: { mem: { limits } } } })
/** Holds a hundred megabytes, slowly enough for a watcher. */
const hog = `python3 -c "
import time
held = []
for _ in range(100):
    held.append(bytearray(1024 * 1024)); time.sleep(0.02)
time.sleep(20)"`
const cgroupRoots = () =>
  [...ownCgroups(readFileSync("/proc/self/cgroup", "utf8"))]
    .filter(([name]) => name === "memory" || name === "cpu")
    .map(([name, path]) => join("/sys/fs/cgroup", name, path))
const cgroups = () => cgroupRoots().flatMap((path) => readdirSync(path).map((name) => join(path, name)))
const isV1 = existsSync("/sys/fs/cgroup/memory/memory.limit_in_bytes")

describe.runIf(has("python3"))("memory over its limit", () => {
  it.runIf(isV1)("is killed by the kernel: OOMKilled, 137, with its peak, and its cgroup is gone", async () => {
    const fixture = await open()
    const attempt = scriptAttempt(hog, memory("32Mi"))
    const { exit } = await fixture.run(attempt)
    expect(exit).toMatchObject({ reason: "oom", code: 137, memoryLimitBytes: 32 * 1024 * 1024 })
    expect(exit.peakMemoryBytes).toBeGreaterThan(30 * 1024 * 1024)
    await fixture.executor.remove(attempt)
    expect(cgroups().filter((path) => path.includes(attempt.uid))).toEqual([])
  })

  it.runIf(isV1)("of a child ends the whole run, though its parent goes on", async () => {
    const fixture = await open()
    const mark = `35${Math.floor(Math.random() * 1e9)}`
    const attempt = scriptAttempt(`setsid sleep ${mark} & ${hog}; echo survived; sleep ${mark}`, memory("32Mi"))
    await fixture.executor.start(attempt)
    expect(await fixture.ended(attempt.uid)).toMatchObject({ reason: "oom", code: 137 })
    expect(findByCommand(`sleep ${mark}`)).toEqual([])
  })

  it("is ended by the watcher where no cgroup holds it, and the run says so", async () => {
    const fixture = await open({ limits: "watcher" })
    const { exit } = await fixture.run(scriptAttempt(hog, memory("32Mi")))
    expect(exit).toMatchObject({ reason: "oom", code: 137 })
    expect(fixture.seen.at(-1)).toMatchObject({
      parity: [expect.objectContaining({ path: "resources.mem.limits", level: "approximated" })],
    })
  })
})

describe.runIf(isV1 && availableParallelism() > 1)("cpu", () => {
  it("over its limit is throttled: two busy programs get half a core, not two", async () => {
    const fixture = await open()
    const script = `python3 - <<'END'
import multiprocessing, time, os
def work(n):
    end = time.monotonic() + 1.0
    while time.monotonic() < end: pass
    return time.process_time()
with multiprocessing.Pool(2) as pool: print(sum(pool.map(work, range(2))))
END`
    const limited = scriptAttempt(script, { requirements: { resources: { cpu: { limits: "500m" } } } })
    const { log } = await fixture.run(limited)
    expect(Number(log)).toBeGreaterThan(0.1)
    expect(Number(log)).toBeLessThan(0.8)
  })
})

describe("what this server left behind", () => {
  it.runIf(isV1)("for an attempt that is gone is removed at the next start, and nothing of anybody else", async () => {
    const fixture = await open()
    const attempt = scriptAttempt("echo ready; sleep 30", memory("64Mi"))
    await fixture.executor.start(attempt)
    await fixture.logged(attempt, "ready")
    const own = () => cgroups().filter((path) => path.includes(attempt.uid))
    expect(own()).toHaveLength(1)
    await open()
    const again = await fixture.reopen()
    fixtures.splice(fixtures.indexOf(fixture), 1, again)
    expect(own()).toHaveLength(1)
    await again.executor.remove(attempt)
    expect(own()).toEqual([])
    for (const folder of new Set(cgroupRoots())) mkdirSync(join(folder, `berth.${basename(again.data)}.gone-1`))
    const last = await again.reopen()
    fixtures.splice(fixtures.indexOf(again), 1, last)
    expect(cgroups().filter((path) => path.includes(basename(again.data)))).toEqual([])
  })
})
