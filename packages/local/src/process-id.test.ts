import { spawn } from "node:child_process"
import { once } from "node:events"
import { readFileSync } from "node:fs"
import { expect, it } from "vitest"
import { isAlive, parseProcessId, readStat, signalProcess } from "./process-id.ts"

const bootId = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim()

it("knows a process by number, start and boot: a later one with its number is another", async () => {
  const child = spawn("sleep", ["30"])
  await once(child, "spawn")
  const pid = child.pid ?? 0
  const id = { pid, startTicks: readStat(pid)?.startTicks ?? "", bootId }
  expect(isAlive(id)).toBe(true)
  for (const other of [
    { ...id, startTicks: `${Number(id.startTicks) - 1}` },
    { ...id, bootId: "another" },
  ]) {
    expect(isAlive(other)).toBe(false)
    expect(signalProcess(other, "SIGKILL")).toBe(false)
  }
  expect(child.exitCode).toBeNull()
  expect(signalProcess(id, "SIGTERM")).toBe(true)
  await once(child, "exit")
  expect(isAlive(id)).toBe(false)
  expect(signalProcess(id, "SIGKILL")).toBe(false)
})

it.each(["", "-\n", "12", "12 13", "x 13 b"])("takes %j for no process", (text) => {
  expect(parseProcessId(text)).toBeUndefined()
})

it("reads what a supervisor writes", () => {
  expect(parseProcessId("12 345 b-c\n")).toEqual({ pid: 12, startTicks: "345", bootId: "b-c" })
})
