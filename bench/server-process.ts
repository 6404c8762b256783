import { type ChildProcess, spawn } from "node:child_process"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"

/** A Berth server in a process of its own, on a data folder of its own. */
export interface ServerProcess {
  readonly url: string
  readonly pid: number
  /** Ends the process and removes its folder. */
  stop(): Promise<void>
}

/** Starts a program that prints `listening on URL`. */
export async function startServerProcess(program: string): Promise<ServerProcess> {
  const folder = await mkdtemp(join(tmpdir(), "berth-bench-"))
  const child = spawn(process.execPath, ["--conditions=@berth/source", join(import.meta.dirname, program)], {
    stdio: ["ignore", "pipe", "inherit"],
    env: {
      ...process.env,
      BERTH_DATA: folder,
      BERTH_LISTEN: "127.0.0.1:0",
      BERTH_LOG_LEVEL: "error",
      BERTH_TOKENS_FILE: "",
    },
  })
  const stop = async () => {
    await end(child)
    await rm(folder, { recursive: true, force: true })
  }
  try {
    return { url: await listening(child), pid: child.pid ?? 0, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

function listening(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let said = ""
    child.once("error", reject)
    child.once("exit", (code) => reject(new Error(`The server ended with ${code} before it listened.`)))
    child.stdout?.on("data", (bytes: Buffer) => {
      said += bytes.toString("utf8")
      const url = /^listening on (\S+)$/m.exec(said)?.[1]
      if (url !== undefined) resolve(url)
    })
  })
}

function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve()
  return new Promise((resolve) => {
    child.once("exit", () => resolve())
    child.kill("SIGTERM")
  })
}
