import { type ChildProcess, type StdioOptions, spawn } from "node:child_process"
import { randomUUID } from "node:crypto"
import { closeSync, existsSync, openSync, unlinkSync, writeSync } from "node:fs"
import { join } from "node:path"
import type { Writable } from "node:stream"
import { setTimeout } from "node:timers/promises"
import { LaunchRefused } from "./engine.ts"
import { pipeBytes } from "./hand-over.ts"
import { type LaunchText, toPipeText } from "./launch-text.ts"
import type { Places } from "./places.ts"
import { hasSupervisor, supervisorTitle } from "./remains.ts"
import { supervisorScript } from "./supervisor.ts"

export interface SupervisorRequest {
  readonly places: Places
  readonly sh: string
  readonly text: LaunchText
  /** Everything for file descriptor 7. */
  readonly oddVariables: string
  /** A folder that is memory; without one everything goes through pipes. */
  readonly memory: string | undefined
  readonly path: string
}

/**
 * Starts a supervisor and hands everything over. Resolves when the supervisor holds the attempt's lock; it depends on
 * this process no longer.
 */
export async function spawnSupervisor(request: SupervisorRequest): Promise<void> {
  const child = request.memory === undefined ? await spawnWithPipes(request) : spawnWithFiles(request, request.memory)
  await untilLocked(child, request.places)
}

/** Everything is there before the supervisor is. */
function spawnWithFiles({ text, oddVariables, ...request }: SupervisorRequest, memory: string): ChildProcess {
  const files = [text.settings, text.inner, oddVariables].map((content) => openInMemory(memory, content))
  const [settings = 0, inner = 0, odd = 0] = files
  try {
    return spawnDetached(request, ["ignore", "ignore", "ignore", settings, inner, "ignore", "ignore", odd])
  } finally {
    for (const file of files) closeSync(file)
  }
}

async function spawnWithPipes({ text, oddVariables, ...request }: SupervisorRequest): Promise<ChildProcess> {
  if (Buffer.byteLength(oddVariables) > pipeBytes) {
    throw new LaunchRefused(`Variables whose names a shell cannot hold are larger than ${pipeBytes} bytes together.`)
  }
  const last = oddVariables === "" ? "ignore" : "pipe"
  const child = spawnDetached(request, ["ignore", "ignore", "ignore", "pipe", "ignore", "ignore", "ignore", last])
  if (oddVariables !== "") await send(pipeOf(child, 7), oddVariables)
  await send(pipeOf(child, 3), toPipeText(text))
  return child
}

function spawnDetached({ sh, places, path }: Pick<SupervisorRequest, "sh" | "places" | "path">, stdio: StdioOptions) {
  const words = ["-c", supervisorScript, supervisorTitle, places.uid]
  const child = spawn(sh, words, { detached: true, cwd: "/", env: { PATH: path }, stdio })
  // A failure to start shows as the end of a supervisor that took no lock.
  child.on("error", () => {})
  child.unref()
  return child
}

/** A file in memory that has no name and goes with its last reader. */
function openInMemory(folder: string, content: string): number {
  const path = join(folder, `.berth-${randomUUID()}`)
  const file = openSync(path, "wx+", 0o600)
  unlinkSync(path)
  const bytes = Buffer.from(content)
  // At a position of its own, so that the one that readers share stays at the beginning.
  for (let done = 0; done < bytes.length; ) done += writeSync(file, bytes, done, bytes.length - done, done)
  return file
}

/**
 * Waits until the supervisor holds the lock, or is gone. Before that nobody else may prepare the attempt: what it is
 * given would be pulled from under it.
 */
async function untilLocked(child: ChildProcess, places: Places): Promise<void> {
  let wait = 1
  while (!isStarted(places)) {
    if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) {
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
