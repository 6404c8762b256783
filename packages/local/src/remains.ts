import { readdirSync } from "node:fs"
import { join } from "node:path"
import { readLaunchRecord } from "./launch-record.ts"
import type { LimitMechanism } from "./limits/mechanism.ts"
import type { Places } from "./places.ts"
import { hasCode, readProc } from "./process-id.ts"

/** Last words of our own scripts in a process list, before the uid of their attempt. */
export const supervisorTitle = "berth-supervisor"
export const attemptTitle = "berth-attempt"

const rounds = 20

/**
 * Kills every process that an attempt left behind: those in its cgroup, our own scripts for it, and those whose
 * environment names it. What replaced its environment, left its group and has no cgroup cannot be found.
 */
export function killRemains(places: Places, limits: LimitMechanism): void {
  limits.remove(places.uid)
  const marks = readLaunchRecord(places)?.marks ?? []
  for (let round = 0; round < rounds; round++) {
    const left = listProcesses().filter((pid) => isScript(pid, places.uid) || hasMarks(pid, marks))
    if (left.length === 0) return
    for (const pid of left) killQuietly(pid)
  }
}

/** True while a supervisor of the attempt is there, started by whomever. */
export function hasSupervisor(uid: string): boolean {
  return listProcesses().some((pid) => readCommand(pid).endsWith(`\0${supervisorTitle}\0${uid}\0`))
}

function listProcesses(): readonly number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => pid !== process.pid)
}

function readCommand(pid: number): string {
  return readProc(join("/proc", `${pid}`, "cmdline")) ?? ""
}

function isScript(pid: number, uid: string): boolean {
  const command = readCommand(pid)
  return [supervisorTitle, attemptTitle].some((title) => command.endsWith(`\0${title}\0${uid}\0`))
}

function hasMarks(pid: number, marks: readonly string[]): boolean {
  if (marks.length === 0) return false
  const variables = new Set((readProc(join("/proc", `${pid}`, "environ")) ?? "").split("\0"))
  return marks.every((mark) => variables.has(mark))
}

function killQuietly(pid: number): void {
  try {
    process.kill(pid, "SIGKILL")
  } catch (error) {
    if (!hasCode(error, "ESRCH") && !hasCode(error, "EPERM")) throw error
  }
}
