import { existsSync, readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"

/** A process, known by pid and start time. */
export interface ProcessMark {
  readonly pid: number
  /** Ticks since boot. */
  readonly started: string
}

/** Pids of processes whose environment says that they belong to the run. */
export function processesOf(run: string): readonly number[] {
  return numbersIn("/proc").filter((pid) =>
    readIfThere(`/proc/${pid}/environ`).split("\0").includes(`BERTH_RUN_ID=${run}`),
  )
}

/** Supervisors of the attempts that have a folder now, as they noted themselves. */
export function supervisors(dataDir: string): readonly ProcessMark[] {
  return attemptFolders(dataDir).flatMap((uid) => {
    const [pid, started] = readIfThere(join(dataDir, "local/attempts", uid, "started")).split(" ")
    return started === undefined ? [] : [{ pid: Number(pid), started }]
  })
}

export function isAlive({ pid, started }: ProcessMark): boolean {
  const stat = readIfThere(`/proc/${pid}/stat`)
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ")
  return fields[0] !== "Z" && fields[19] === started
}

export function attemptFolders(dataDir: string): readonly string[] {
  const folder = join(dataDir, "local/attempts")
  return existsSync(folder) ? readdirSync(folder) : []
}

/** Mounts below a folder, in this mount namespace. */
export function mountsBelow(folder: string): readonly string[] {
  return readFileSync("/proc/self/mounts", "utf8")
    .split("\n")
    .filter((line) => line.includes(folder))
}

/** Control groups and folders in memory that carry the name of one of the attempts. */
export function foldersNamed(isName: (name: string) => boolean): readonly string[] {
  return [...foldersBelow("/sys/fs/cgroup", 5), ...foldersBelow("/dev/shm", 1)].filter((path) =>
    isName(path.slice(path.lastIndexOf("/") + 1)),
  )
}

function foldersBelow(folder: string, depth: number): readonly string[] {
  if (depth === 0 || !existsSync(folder)) return []
  const here = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory())
  return here.flatMap(({ name }) => [join(folder, name), ...foldersBelow(join(folder, name), depth - 1)])
}

function numbersIn(folder: string): readonly number[] {
  return readdirSync(folder)
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
}

/** Processes and folders go while one looks. */
function readIfThere(path: string): string {
  try {
    return readFileSync(path, "latin1")
  } catch {
    return ""
  }
}
