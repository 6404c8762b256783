import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"

/** The real server in a process of its own, that can be killed and started again on the same data folder and port. */
export interface ServerProcess {
  readonly url: string
  readonly dataDir: string
  readonly pid: number
  /** Everything it wrote to stdout and stderr, of all its lives. */
  output(): string
  /** SIGKILL. */
  kill(): Promise<void>
  /** SIGTERM; the exit code. */
  terminate(): Promise<number | null>
  start(): Promise<void>
  /** Kills it and removes its data. What it started is its caller's to end. */
  close(): Promise<void>
}

const berthServer = join(import.meta.dirname, "../packages/server/src/berth-server.ts")

export async function startServerProcess(
  settings: NodeJS.ProcessEnv = {},
  program = berthServer,
): Promise<ServerProcess> {
  const dataDir = await mkdtemp(join(tmpdir(), "berth-e2e-"))
  const written: Buffer[] = []
  let child: ChildProcess
  let url = "http://127.0.0.1:0"

  async function start(): Promise<void> {
    child = spawn(process.execPath, ["--conditions=@berth/source", "--no-warnings", program], {
      stdio: ["ignore", "pipe", "pipe"],
      // Should the test be killed, its server ends by itself.
      env: {
        ...process.env,
        BERTH_DATA: dataDir,
        BERTH_LISTEN: new URL(url).host,
        BERTH_IDLE_MINUTES: "5",
        ...settings,
      },
    })
    for (const stream of [child.stdout, child.stderr]) stream?.on("data", (bytes: Buffer) => void written.push(bytes))
    url = await listening(child)
  }

  async function end(signal: NodeJS.Signals): Promise<number | null> {
    if (child.exitCode === null && child.signalCode === null) {
      const ended = once(child, "exit")
      child.kill(signal)
      await ended
    }
    return child.exitCode
  }

  await start()
  return {
    get url() {
      return url
    },
    get pid() {
      return child.pid ?? 0
    },
    dataDir,
    output: () => Buffer.concat(written).toString("utf8"),
    kill: async () => void (await end("SIGKILL")),
    terminate: () => end("SIGTERM"),
    start,
    async close() {
      await end("SIGKILL")
      await rm(dataDir, { recursive: true, force: true })
    },
  }
}

function listening(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let said = ""
    const hear = (bytes: Buffer) => {
      said += bytes.toString("utf8")
      const url = /^listening on (\S+)$/m.exec(said)?.[1]
      if (url !== undefined) resolve(url)
    }
    child.stdout?.on("data", hear)
    child.stderr?.on("data", hear)
    child.once("error", reject)
    child.once("exit", (code) => reject(new Error(`The server ended with ${code} before it listened:\n${said}`)))
  })
}
