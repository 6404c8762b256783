import { type ChildProcess, execFile, spawn } from "node:child_process"
import { chown, mkdtemp, rm } from "node:fs/promises"
import { createServer } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { promisify } from "node:util"
import { Client } from "pg"
import { postgresFolder } from "../../../../scripts/parts.ts"

/** A PostgreSQL of a test's own. */
export interface Postgres {
  /** Makes an empty database; its URL. */
  createDatabase(): Promise<string>
  /** Ends the server, waits for it and removes its files. */
  stop(): Promise<void>
}

/** Starts the machine's PostgreSQL in a temporary folder. As root it runs as another user: it refuses to run as root. */
export async function startPostgres(): Promise<Postgres> {
  const programs = postgresFolder()
  if (programs === undefined) throw new Error("There is no PostgreSQL here.")
  const folder = await mkdtemp(join(tmpdir(), "berth-postgres-"))
  const user: { readonly uid?: number; readonly gid?: number } = process.getuid?.() === 0 ? await findOtherUser() : {}
  if (user.uid !== undefined && user.gid !== undefined) await chown(folder, user.uid, user.gid)
  const data = join(folder, "data")
  // A language's order of letters, so that a comparison that should go by code point would be seen.
  const collation = ["--locale-provider=icu", "--icu-locale=en-US", "--locale=C.UTF-8"]
  const setup = ["-D", data, "-U", "berth", "--auth=trust", "-E", "UTF8", "--no-sync", ...collation]
  await promisify(execFile)(join(programs, "initdb"), setup, user)
  const port = await findFreePort()
  const places = ["-D", data, "-k", folder, "-h", "127.0.0.1", "-p", String(port)]
  // Nothing here survives a power cut, nor should it.
  const settings = ["log_min_messages=fatal", "max_connections=300", "fsync=off"].flatMap((text) => ["-c", text])
  const server = spawn(join(programs, "postgres"), [...places, ...settings], { ...user, stdio: "ignore" })
  process.once("exit", () => server.kill("SIGQUIT"))
  const url = (database: string) => `postgres://berth@127.0.0.1:${port}/${database}`
  await untilReady(server, url("postgres"))
  let databases = 0
  return {
    async createDatabase() {
      databases += 1
      const name = `test${databases}`
      await query(url("postgres"), `create database ${name}`)
      return url(name)
    },
    async stop() {
      const ended = new Promise((resolve) => server.once("exit", resolve))
      if (server.exitCode === null && server.kill("SIGINT")) await ended
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** One statement on a connection of its own. */
export async function query(url: string, text: string): Promise<readonly Record<string, unknown>[]> {
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    const { rows } = await client.query(text)
    return rows
  } finally {
    await client.end()
  }
}

async function findOtherUser(): Promise<{ uid: number; gid: number }> {
  const id = async (flag: string) => Number((await promisify(execFile)("id", [flag, "nobody"])).stdout)
  return { uid: await id("-u"), gid: await id("-g") }
}

async function findFreePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  if (address === null || typeof address === "string") throw new Error("No free port was found.")
  return address.port
}

async function untilReady(server: ChildProcess, url: string): Promise<void> {
  for (let attempt = 0; attempt < 600; attempt += 1) {
    if (server.exitCode !== null) throw new Error(`PostgreSQL ended with ${server.exitCode} instead of starting.`)
    try {
      await query(url, "select 1")
      return
    } catch {
      await sleep(25)
    }
  }
  throw new Error("PostgreSQL did not get ready.")
}
