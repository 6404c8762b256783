import { spawn } from "node:child_process"
import { createHash, randomBytes } from "node:crypto"
import { closeSync, openSync } from "node:fs"
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { BerthError } from "@berth/spec"
import { readServer, type ServerRecord, startTime, writeServer } from "./server-file.ts"

/** How the command starts itself again: Node's own flags and the entry file. */
export interface SelfCommand {
  readonly file: string
  readonly flags: readonly string[]
  readonly version: string
}

/** How long a new server may take until it listens. */
const startMilliseconds = 20_000

/**
 * The folder's server: the one that runs, or a new one in the background on a random loopback port, with a token of
 * its own, that ends itself after ten idle minutes.
 *
 * @throws BerthError `unavailable` when it does not start, with the end of its log
 */
export async function ensureServer(data: string, self: SelfCommand): Promise<ServerRecord> {
  const running = await readServer(data)
  if (running !== undefined) return running
  await mkdir(data, { recursive: true, mode: 0o700 })
  const token = await ensureToken(data)
  // Two commands may start at once: each reads only what its own server says.
  const log = join(data, `server.log.${process.pid}`)
  const pid = await startServer(data, log, self)
  return waitUntilListening({ data, log, pid, token, version: self.version })
}

/** One token per folder: two commands that start at the same moment must hand the same one to their servers. */
async function ensureToken(data: string): Promise<string> {
  const file = join(data, "token")
  const fresh = randomBytes(32).toString("hex")
  await writeFile(file, fresh, { mode: 0o600, flag: "wx" }).catch(ignoreExisting)
  const token = await readFile(file, "utf8")
  const hash = createHash("sha256").update(token).digest("hex")
  await writeFile(join(data, "tokens.json"), `${JSON.stringify([{ name: "owner", role: "admin", hash }])}\n`, {
    mode: 0o600,
  })
  return token
}

async function startServer(data: string, log: string, self: SelfCommand): Promise<number> {
  const output = openSync(log, "w", 0o600)
  try {
    const args = [...self.flags, self.file, "serve", "--listen", "127.0.0.1:0", "--data", data, "--idle-minutes", "10"]
    const child = spawn(process.execPath, args, {
      detached: true,
      stdio: ["ignore", output, output],
      env: { ...process.env, BERTH_TOKENS_FILE: join(data, "tokens.json") },
    })
    child.unref()
    return await new Promise((resolve, reject) => {
      child.once("error", reject)
      child.once("spawn", () => resolve(child.pid ?? 0))
    })
  } finally {
    closeSync(output)
  }
}

interface Starting {
  readonly data: string
  readonly log: string
  readonly pid: number
  readonly token: string
  readonly version: string
}

async function waitUntilListening({ data, log, pid, token, version }: Starting): Promise<ServerRecord> {
  const deadline = performance.now() + startMilliseconds
  const started = await startTime(pid)
  while (performance.now() < deadline) {
    const endpoint = /^listening on (\S+)$/m.exec(await readFile(log, "utf8"))?.[1]
    if (endpoint !== undefined && started !== undefined) {
      const record = { endpoint, token, pid, started, version }
      await writeServer(data, record)
      await rename(log, join(data, "server.log"))
      return record
    }
    // Another command was quicker: its server holds the folder, this one ended at once.
    const other = await readServer(data)
    if (other !== undefined) {
      await rm(log, { force: true })
      return other
    }
    if ((await startTime(pid)) !== started) break
    await sleep(10)
  }
  const tail = (await readFile(log, "utf8")).trimEnd().split("\n").slice(-5).join("\n")
  throw new BerthError("unavailable", `The server of ${data} did not start. The end of ${log}:\n${tail}`)
}

function ignoreExisting(error: NodeJS.ErrnoException): void {
  if (error.code !== "EEXIST") throw error
}
