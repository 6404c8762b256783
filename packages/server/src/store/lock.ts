import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs"
import { hostname } from "node:os"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { setTimeout as sleep } from "node:timers/promises"
import { BerthError } from "@berth/spec"

/** Who has a data folder, as `<data>/lock` says it to people and to the server that came second. */
export interface LockOwner {
  readonly pid: number
  /** When the process started, ISO 8601 UTC. */
  readonly started: string
  readonly host: string
}

/** A lock whose handle nobody holds would be collected, and with it be free. */
const held = new Set<DatabaseSync>()

/**
 * Takes possession of a data folder until the process ends, however it ends. The lock itself is one of the kernel's,
 * on `lock.db`: a dead owner holds none, so there is nothing to find out about a stale file and no race in taking
 * over, also where the owner was in another container. `lock` only names the owner.
 *
 * @throws BerthError `conflict`, naming the owner's pid
 */
export async function lockFolder(folder: string): Promise<{ release(): void }> {
  const kernelLock = new DatabaseSync(join(folder, "lock.db"), { timeout: 0 })
  if (!tryLock(kernelLock)) {
    kernelLock.close()
    throw refusal(folder, await readOwner(folder))
  }
  held.add(kernelLock)
  const path = join(folder, "lock")
  writeOwner(path)
  return {
    release() {
      if (!held.delete(kernelLock)) return
      rmSync(path, { force: true })
      kernelLock.close()
    },
  }
}

function tryLock(kernelLock: DatabaseSync): boolean {
  try {
    kernelLock.exec("begin exclusive")
    return true
  } catch (error) {
    if (error instanceof Error && "errcode" in error && error.errcode === 5) return false
    throw error
  }
}

function writeOwner(path: string): void {
  const owner: LockOwner = {
    pid: process.pid,
    started: new Date(performance.timeOrigin).toISOString(),
    host: hostname(),
  }
  const next = `${path}.${process.pid}`
  writeFileSync(next, `${JSON.stringify(owner)}\n`, { mode: 0o600 })
  renameSync(next, path)
}

/** The owner may hold the lock and not yet have written its name: there is none then, or that of a dead one. */
async function readOwner(folder: string): Promise<LockOwner | undefined> {
  for (let attempt = 0; attempt < 40; attempt += 1) {
    const owner = parseOwner(join(folder, "lock"))
    if (owner !== undefined && !isDead(owner)) return owner
    await sleep(25)
  }
  return undefined
}

/** Whether the name is that of a process of this machine that has ended. */
function isDead({ pid, host }: LockOwner): boolean {
  if (host !== hostname()) return false
  try {
    process.kill(pid, 0)
    return false
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "ESRCH"
  }
}

function parseOwner(path: string): LockOwner | undefined {
  try {
    return JSON.parse(readFileSync(path, "utf8"))
  } catch {
    return undefined
  }
}

function refusal(folder: string, owner: LockOwner | undefined): BerthError {
  const who = owner === undefined ? "another server" : `the server with pid ${owner.pid} (started ${owner.started})`
  return new BerthError("conflict", `${folder} belongs to ${who}. End it first, or take another folder with --data.`)
}
