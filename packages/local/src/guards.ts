import { execFile } from "node:child_process"
import { readdirSync } from "node:fs"
import { join } from "node:path"
import { promisify } from "node:util"
import { readAttemptFiles, type Verdict, writeVerdict } from "./attempt-files.ts"
import { type LaunchRecord, readLaunchRecord } from "./launch-record.ts"
import type { LimitMechanism } from "./limits/mechanism.ts"
import type { Places } from "./places.ts"
import { isAlive, type ProcessId, readProc, readStat, signalProcess } from "./process-id.ts"

/**
 * Watches what the kernel does not end by itself: an out-of-memory kill of one process of many, memory where no
 * cgroup holds it, scratch volumes over their size, and the supervisor itself. What is over ends through its supervisor.
 */
export interface Guards {
  /** Begins to watch a running attempt; idempotent. */
  add(places: Places): void
  /** Calls back when an attempt has lost its supervisor. */
  onLoss(lost: (uid: string) => void): void
  drop(uid: string): void
  close(): void
}

const memoryMilliseconds = 200
const storageMilliseconds = 2000

export function createGuards(limits: LimitMechanism): Guards {
  const watched = new Map<string, Watched>()
  let isMeasuring = false
  let lost = (_uid: string) => {}
  const memory = setInterval(() => {
    for (const attempt of watched.values()) {
      if (isAlive(attempt.supervisor)) guardMemory(attempt, limits)
      else lost(attempt.places.uid)
    }
  }, memoryMilliseconds).unref()
  const storage = setInterval(() => {
    if (isMeasuring) return
    isMeasuring = true
    void Promise.all([...watched.values()].map(guardStorage)).finally(() => {
      isMeasuring = false
    })
  }, storageMilliseconds).unref()
  return {
    add(places) {
      if (watched.has(places.uid)) return
      const record = readLaunchRecord(places)
      const supervisor = readAttemptFiles(places).started?.supervisor
      if (record !== undefined && supervisor !== undefined) watched.set(places.uid, { places, record, supervisor })
    },
    onLoss(callback) {
      lost = callback
    },
    drop: (uid) => void watched.delete(uid),
    close() {
      clearInterval(memory)
      clearInterval(storage)
    },
  }
}

interface Watched {
  readonly places: Places
  readonly record: LaunchRecord
  readonly supervisor: ProcessId
}

function guardMemory({ places, record, supervisor }: Watched, limits: LimitMechanism): void {
  const limit = record.memoryLimitBytes
  if (limit === undefined) return
  if ((limits.oomKills(places.uid) ?? 0) > 0) end(places, { reason: "oom", message: "" })
  if (limits.enforcesMemory) return
  const used = residentBytes(supervisor.pid)
  if (used > limit) end(places, { reason: "oom", message: `It used ${used} bytes of its ${limit}.` })
}

/** Memory in use below a supervisor, shared pages counted once per process. */
function residentBytes(supervisor: number): number {
  const parents = new Map<number, number>()
  for (const name of readdirSync("/proc")) {
    const stat = /^\d+$/.test(name) ? readStat(Number(name)) : undefined
    if (stat !== undefined) parents.set(Number(name), stat.parent)
  }
  const family = [...parents.keys()].filter((pid) => descendsFrom(pid, { supervisor, parents }))
  return family.reduce((sum, pid) => sum + residentOf(pid), 0)
}

function descendsFrom(
  pid: number,
  tree: { readonly supervisor: number; readonly parents: ReadonlyMap<number, number> },
): boolean {
  let ancestor = tree.parents.get(pid)
  while (ancestor !== undefined && ancestor > 1 && ancestor !== tree.supervisor) ancestor = tree.parents.get(ancestor)
  return ancestor === tree.supervisor
}

const pageBytes = 4096

function residentOf(pid: number): number {
  const pages = readProc(join("/proc", `${pid}`, "statm"))?.split(" ")[1]
  return pages === undefined ? 0 : Number(pages) * pageBytes
}

async function guardStorage({ places, record }: Watched): Promise<void> {
  for (const { name, path, limitBytes } of record.scratch) {
    const used = await diskUse(path)
    if (used !== undefined && used > limitBytes) {
      end(places, { reason: "storage", message: `The volume ${name} used ${used} bytes of its ${limitBytes}.` })
    }
  }
}

/** Undefined when it could not be measured: the program deletes while we count. */
async function diskUse(path: string): Promise<number | undefined> {
  try {
    const { stdout } = await promisify(execFile)("du", ["-s", "-x", "-B1", "--", path])
    return Number(stdout.split("\t")[0])
  } catch (error) {
    if (error instanceof Error) return undefined
    throw error
  }
}

function end(places: Places, verdict: Verdict): void {
  const files = readAttemptFiles(places)
  if (files.exit !== undefined || files.started?.supervisor === undefined) return
  writeVerdict(places, verdict)
  signalProcess(files.started.supervisor, "SIGUSR1")
}
