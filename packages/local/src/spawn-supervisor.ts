import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import type { Writable } from "node:stream"
import { LaunchRefused } from "./engine.ts"
import { pipeBytes } from "./hand-over.ts"
import { supervisorScript } from "./supervisor.ts"

export interface SupervisorRequest {
  readonly uid: string
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
  const child = spawn(request.sh, ["-c", supervisorScript, "berth-supervisor", request.uid], {
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
