import { readdirSync } from "node:fs"
import { join } from "node:path"
import { readLaunchRecord } from "./launch-record.ts"
import type { LimitMechanism } from "./limits/mechanism.ts"
import type { Places } from "./places.ts"
import { readProc } from "./process-id.ts"

/**
 * Kills every process that an attempt left behind: those in its cgroup, and those whose environment names it (a
 * process that replaced its environment and left its group and has no cgroup cannot be found).
 */
export function killRemains(places: Places, limits: LimitMechanism): void {
  limits.remove(places.uid)
  const marks = readLaunchRecord(places)?.marks ?? []
  for (let round = 0; round < 10; round++) {
    const left = findProcesses(marks)
    if (left.length === 0) return
    for (const pid of left) killQuietly(pid)
  }
}

/** Processes whose environment has all the marks of the attempt. */
function findProcesses(marks: readonly string[]): readonly number[] {
  if (marks.length === 0) return []
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .filter((name) => hasMarks(readProc(join("/proc", name, "environ")) ?? "", marks))
    .map(Number)
}

function hasMarks(environ: string, marks: readonly string[]): boolean {
  const variables = environ.split("\0")
  return marks.every((mark) => variables.includes(mark))
}

function killQuietly(pid: number): void {
  try {
    process.kill(pid, "SIGKILL")
  } catch (error) {
    if (!(error instanceof Error)) throw error
  }
}
