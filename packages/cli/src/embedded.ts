import { spawn } from "node:child_process"
import { createHash, randomBytes } from "node:crypto"
import { closeSync, openSync } from "node:fs"
import { access, constants, mkdir, readFile, rename, stat, writeFile } from "node:fs/promises"
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
const startMilliseconds = 30_000
/** How long the record of another command's server may take once ours has found the folder taken. */
const otherMilliseconds = 5_000
/** A log that is larger begins anew. */
const maxLogBytes = 5 * 1024 * 1024

/**
 * The folder's server: the one that runs, or a new one in the background on a random loopback port, with a token of
 * its own, that ends itself after ten idle minutes. The server writes its record itself, so that it is found again
 * also when the command that started it was interrupted.
 *
 * @throws BerthError `unavailable` when it does not start, with the end of its log
 */
export async function ensureServer(data: string, self: SelfCommand): Promise<ServerRecord> {
  const running = await readServer(data)
  if (running !== undefined) return running
  await makeFolder(data)
  await ensureToken(data)
  const log = join(data, "server.log")
  const size = await sizeOf(log)
  const from = size > maxLogBytes ? 0 : size
  const pid = await startServer(data, { log, flags: from === 0 ? "w" : "a" }, self)
  return waitUntilListening({ data, log, from, pid })
}

/** @throws BerthError `invalid` where the user may not write */
async function makeFolder(data: string): Promise<void> {
  try {
    await mkdir(data, { recursive: true, mode: 0o700 })
    await access(data, constants.W_OK)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code !== "EACCES" && code !== "EROFS" && code !== "EPERM") throw error
    const message = `${data} cannot be written, and Berth keeps its state there. Work in a folder of yours, or name one with BERTH_DATA.`
    throw new BerthError("invalid", message, { cause: error })
  }
}

/** One token per folder: two commands that start at the same moment must hand the same one to their servers. */
async function ensureToken(data: string): Promise<void> {
  const file = join(data, "token")
  const fresh = randomBytes(32).toString("hex")
  await writeFile(file, fresh, { mode: 0o600, flag: "wx" }).catch(ignoreExisting)
  const hash = createHash("sha256")
    .update(await readToken(data))
    .digest("hex")
  const temporary = join(data, `tokens.json.${process.pid}`)
  await writeFile(temporary, `${JSON.stringify([{ name: "owner", role: "admin", hash }])}\n`, { mode: 0o600 })
  await rename(temporary, join(data, "tokens.json"))
}

/** The token of a folder's own server. It may be under way to the disk. */
async function readToken(data: string): Promise<string> {
  for (let tries = 0; tries < 50; tries += 1) {
    const token = await readFile(join(data, "token"), "utf8")
    if (token.length === 64) return token
    await sleep(20)
  }
  throw new BerthError("invalid", `${join(data, "token")} holds no token. Remove it and try again.`)
}

/** Called by a folder's server once it listens. */
export async function recordServer(data: string, endpoint: string, version: string): Promise<void> {
  const started = await startTime(process.pid)
  if (started === undefined) throw new BerthError("internal", "The server's own process is not in /proc.")
  await writeServer(data, { endpoint, token: await readToken(data), pid: process.pid, started, version })
}

async function sizeOf(file: string): Promise<number> {
  try {
    return (await stat(file)).size
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return 0
    throw error
  }
}

async function startServer(
  data: string,
  { log, flags }: { readonly log: string; readonly flags: "w" | "a" },
  self: SelfCommand,
): Promise<number> {
  const output = openSync(log, flags, 0o600)
  try {
    const settings = ["--listen", "127.0.0.1:0", "--data", data, "--idle-minutes", "10", "--record"]
    const child = spawn(process.execPath, [...self.flags, self.file, "serve", ...settings], {
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
  /** Where in the log this server's part begins. */
  readonly from: number
  readonly pid: number
}

/** Ours, or that of another command that was quicker. */
async function waitUntilListening({ data, log, from, pid }: Starting): Promise<ServerRecord> {
  let deadline = performance.now() + startMilliseconds
  const started = await startTime(pid)
  let isOurs = started !== undefined
  while (performance.now() < deadline) {
    const record = await readServer(data)
    if (record !== undefined) return record
    if (isOurs && (await startTime(pid)) !== started) {
      isOurs = false
      if ((await lockedBy(data)) === undefined) break
      deadline = performance.now() + otherMilliseconds
    }
    await sleep(10)
  }
  const holder = await lockedBy(data)
  if (holder !== undefined) {
    const record = join(data, "server.json")
    const message = `A server (pid ${holder}) holds ${data}, but ${record} does not name it. End it: kill ${holder}`
    throw new BerthError("unavailable", message)
  }
  const said = (await readFile(log)).subarray(from).toString("utf8")
  const tail = said.trimEnd().split("\n").slice(-5).join("\n")
  throw new BerthError("unavailable", `The server of ${data} did not start. The end of ${log}:\n${tail}`)
}

/** The process that has locked the folder, if it lives: a server that may be about to write its record. */
async function lockedBy(data: string): Promise<number | undefined> {
  const lock = await readFile(join(data, "lock"), "utf8").catch(() => "")
  const pid = Number(/"pid":\s*(\d+)/.exec(lock)?.[1] ?? 0)
  return pid > 0 && (await startTime(pid)) !== undefined ? pid : undefined
}

function ignoreExisting(error: NodeJS.ErrnoException): void {
  if (error.code !== "EEXIST") throw error
}
