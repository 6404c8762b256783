import { readFileSync } from "node:fs"

/** A process that cannot be mistaken for a later one with the same number. */
export interface ProcessId {
  readonly pid: number
  /** Field 22 of `/proc/<pid>/stat`: clock ticks after boot. */
  readonly startTicks: string
  readonly bootId: string
}

/** Parses what the supervisor writes into `started`. */
export function parseProcessId(text: string): ProcessId | undefined {
  const [pid, startTicks, bootId] = text.trim().split(" ")
  if (pid === undefined || startTicks === undefined || bootId === undefined || !/^\d+$/.test(pid)) return undefined
  return { pid: Number(pid), startTicks, bootId }
}

/** True while exactly this process exists (and is no zombie). */
export function isAlive(id: ProcessId): boolean {
  if (id.bootId !== bootId()) return false
  const stat = readStat(id.pid)
  return stat !== undefined && stat.startTicks === id.startTicks && stat.state !== "Z" && stat.state !== "X"
}

/** Sends a signal if exactly this process still exists. */
export function signalProcess(id: ProcessId, signal: NodeJS.Signals): boolean {
  if (!isAlive(id)) return false
  try {
    process.kill(id.pid, signal)
    return true
  } catch (error) {
    if (isGone(error)) return false
    throw error
  }
}

interface Stat {
  readonly state: string
  readonly parent: number
  readonly group: number
  readonly startTicks: string
}

/** The fields of `/proc/<pid>/stat` that Berth needs; undefined when there is no such process. */
export function readStat(pid: number): Stat | undefined {
  const text = readProc(`/proc/${pid}/stat`)
  if (text === undefined) return undefined
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ")
  const [state = "X", parent = "0", group = "0"] = fields
  return { state, parent: Number(parent), group: Number(group), startTicks: fields[19] ?? "0" }
}

/** A file of /proc; undefined when the process is gone or not ours to look at. */
export function readProc(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8")
  } catch (error) {
    if (isGone(error) || isRefused(error)) return undefined
    throw error
  }
}

let knownBootId: string | undefined

function bootId(): string {
  knownBootId ??= readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim()
  return knownBootId
}

function isGone(error: unknown): boolean {
  return hasCode(error, "ENOENT") || hasCode(error, "ESRCH")
}

function isRefused(error: unknown): boolean {
  return hasCode(error, "EACCES") || hasCode(error, "EPERM")
}

/** True for an error of the operating system with this code. */
export function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code
}
