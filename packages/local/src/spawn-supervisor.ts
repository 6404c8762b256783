import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { existsSync } from "node:fs"
import { join } from "node:path"
import type { Writable } from "node:stream"
import { setTimeout } from "node:timers/promises"
import { LaunchRefused } from "./engine.ts"
import { pipeBytes } from "./hand-over.ts"
import type { Places } from "./places.ts"
import { hasSupervisor, supervisorTitle } from "./remains.ts"
import { supervisorScript } from "./supervisor.ts"

export interface SupervisorRequest {
  readonly places: Places
  readonly sh: string
  /** Everything for file descriptor 3. */
  readonly text: string
  /** Everything for file descriptor 7; written whole before the last line of `text`. */
  readonly oddVariables: string
  readonly path: string
}

/**
 * Starts a supervisor and hands everything over. Resolves when the supervisor has all it needs and no longer depends
 * on this process.
 */
export async function spawnSupervisor(request: SupervisorRequest): Promise<void> {
  if (Buffer.byteLength(request.oddVariables) > pipeBytes) {
    throw new LaunchRefused(`Variables whose names a shell cannot hold are larger than ${pipeBytes} bytes together.`)
  }
  const child = spawn(request.sh, ["-c", supervisorScript, supervisorTitle, request.places.uid], {
    detached: true,
    cwd: "/",
    env: { PATH: request.path },
    stdio: [
      "ignore",
      "ignore",
      "ignore",
      "pipe",
      "ignore",
      "ignore",
      "ignore",
      request.oddVariables ? "pipe" : "ignore",
    ],
  })
  child.unref()
  await once(child, "spawn")
  if (request.oddVariables !== "") await send(pipeOf(child, 7), request.oddVariables)
  await send(pipeOf(child, 3), request.text)
  await untilLocked(child, request.places)
}

/**
 * Waits until the supervisor holds the lock, or is gone. Before that nobody else may prepare the attempt: what it is
 * given would be pulled from under it.
 */
async function untilLocked(child: ChildProcess, places: Places): Promise<void> {
  let wait = 1
  while (!isStarted(places)) {
    if (child.exitCode !== null || child.signalCode !== null) {
      if (isStarted(places)) return
      throw new Error("The supervisor ended before it could start the program.")
    }
    await setTimeout(wait)
    wait = Math.min(wait * 2, 50)
  }
}

/** Waits for a supervisor that an earlier server, killed meanwhile, left on its way to the lock. */
export async function awaitPredecessor(places: Places, signal: AbortSignal): Promise<void> {
  while (!isStarted(places) && hasSupervisor(places.uid)) await setTimeout(20, undefined, { signal })
}

function isStarted(places: Places): boolean {
  return existsSync(join(places.attempt, "started"))
}

function pipeOf(child: ChildProcess, descriptor: number): Writable {
  const pipe = child.stdio[descriptor]
  if (!pipe || !("write" in pipe)) throw new Error(`no pipe at file descriptor ${descriptor}`)
  return pipe
}

/** Resolves when the kernel holds every byte. A supervisor that ended before it took them (the lock was taken) is no error. */
async function send(pipe: Writable, text: string): Promise<void> {
  const flushed = new Promise<void>((resolve) => pipe.once("finish", resolve).once("close", resolve))
  pipe.on("error", () => pipe.destroy())
  pipe.end(text)
  await flushed
  pipe.destroy()
}
