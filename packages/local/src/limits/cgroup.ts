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
  try {
    const line = readFileSync(path, "utf8")
      .split("\n")
      .find((text) => text.startsWith(`${name} `))
    return line === undefined ? undefined : Number(line.slice(name.length + 1))
  } catch (error) {
    if (hasCode(error, "ENOENT") || hasCode(error, "ENODEV")) return undefined
    throw error
  }
}

/** Kills every process in the cgroup and removes it. Its processes may need a moment to be gone. */
export function emptyCgroup(folder: string): void {
  const deadline = Date.now() + 1000
  while (existsSync(folder) && Date.now() < deadline) {
    killMembers(folder)
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

export function killProcess(pid: number): void {
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
