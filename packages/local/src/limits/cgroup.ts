import { existsSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { hasCode } from "../process-id.ts"

/** Names the cgroups of one server: a sweep touches no other's. */
export function cgroupPrefix(instance: string): string {
  return `berth.${instance.replaceAll(/[^A-Za-z0-9-]/g, "_")}.`
}

/** Attempts that have a cgroup in the folder. */
export function listCgroups(folder: string, prefix: string): readonly string[] {
  return readdirSync(folder)
    .filter((name) => name.startsWith(prefix))
    .map((name) => name.slice(prefix.length))
}

/** One `name number` line of a cgroup's file; undefined when the cgroup is gone. */
export function readCounter(path: string, name: string): number | undefined {
  const text = unlessGone(() => readFileSync(path, "utf8"))
  const line = text?.split("\n").find((candidate) => candidate.startsWith(`${name} `))
  return line === undefined ? undefined : Number(line.slice(name.length + 1))
}

/**
 * Kills every process in the cgroup and removes it. Its processes may need a moment to be gone; a supervisor may be
 * removing it too.
 */
export function emptyCgroup(folder: string): void {
  const deadline = Date.now() + 1000
  while (existsSync(folder) && Date.now() < deadline) {
    unlessGone(() => killMembers(folder))
    if (removeFolder(folder)) return
  }
}

function killMembers(folder: string): void {
  const all = join(folder, "cgroup.kill")
  if (existsSync(all)) writeFileSync(all, "1")
  for (const pid of readFileSync(join(folder, "cgroup.procs"), "utf8").split("\n")) {
    if (pid !== "" && pid !== "0") killProcess(Number(pid))
  }
}

/** The result, or undefined when the cgroup is gone. */
function unlessGone<Result>(act: () => Result): Result | undefined {
  try {
    return act()
  } catch (error) {
    if (hasCode(error, "ENOENT") || hasCode(error, "ENODEV")) return undefined
    throw error
  }
}

function killProcess(pid: number): void {
  try {
    process.kill(pid, "SIGKILL")
  } catch (error) {
    if (!hasCode(error, "ESRCH")) throw error
  }
}

function removeFolder(folder: string): boolean {
  try {
    rmdirSync(folder)
    return true
  } catch (error) {
    if (hasCode(error, "ENOENT")) return true
    if (hasCode(error, "EBUSY")) return false
    throw error
  }
}
