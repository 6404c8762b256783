import { readFile, rename, rm, writeFile } from "node:fs/promises"
import { connect } from "node:net"
import { dirname, join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"

/** The server that a folder's commands share, as `.berth/server.json` records it (mode 0600). */
export interface ServerRecord {
  readonly endpoint: string
  readonly token: string
  readonly pid: number
  /** Ticks since boot at which the process started; with the pid, its identity. */
  readonly started: string
  /** Of the command that started it. */
  readonly version: string
}

/** Name of the record inside the data folder. */
const fileName = "server.json"

/** The nearest data folder with a record, from a folder upwards. */
export async function findServer(from: string): Promise<{ data: string; record: ServerRecord } | undefined> {
  for (let folder = from; ; folder = dirname(folder)) {
    const data = join(folder, ".berth")
    const record = await readServer(data)
    if (record !== undefined) return { data, record }
    if (dirname(folder) === folder) return undefined
  }
}

/** The record of a data folder, if its server lives. */
export async function readServer(data: string): Promise<ServerRecord | undefined> {
  const text = await readFile(join(data, fileName), "utf8").catch(undefinedIfAbsent)
  if (text === undefined) return undefined
  const record = parseRecord(text)
  return record !== undefined && (await startTime(record.pid)) === record.started ? record : undefined
}

/** Writes the record whole or not at all. */
export async function writeServer(data: string, record: ServerRecord): Promise<void> {
  const temporary = join(data, `${fileName}.${process.pid}`)
  await writeFile(temporary, `${JSON.stringify(record, null, 2)}\n`, { mode: 0o600 })
  await rename(temporary, join(data, fileName))
}

/** Forgets a server that has ended. */
export async function removeServer(data: string): Promise<void> {
  await rm(join(data, fileName), { force: true })
}

/** When a process started, in ticks since boot; undefined when there is none of that pid. */
export async function startTime(pid: number): Promise<string | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(undefinedIfAbsent)
  // The command's name stands in parentheses and may hold anything; field 22 counts from behind it.
  const fields = stat?.slice(stat.lastIndexOf(")") + 2).split(" ")
  return fields?.[0] === "Z" ? undefined : fields?.[19]
}

/** Whether the server takes connections; one that is about to end lives on without. */
export function isAnswering({ endpoint }: ServerRecord): Promise<boolean> {
  const { hostname, port } = new URL(endpoint)
  return new Promise((resolve) => {
    const socket = connect({ host: hostname, port: Number(port) })
    socket.once("connect", () => {
      socket.destroy()
      resolve(true)
    })
    socket.once("error", () => resolve(false))
  })
}

/** Waits until a process has ended. False when it has not in time. */
export async function waitForEnd(record: ServerRecord, milliseconds: number): Promise<boolean> {
  const deadline = performance.now() + milliseconds
  while ((await startTime(record.pid)) === record.started) {
    if (performance.now() > deadline) return false
    await sleep(20)
  }
  return true
}

function parseRecord(text: string): ServerRecord | undefined {
  try {
    const record = JSON.parse(text) as Partial<ServerRecord>
    const whole =
      typeof record.endpoint === "string" && typeof record.token === "string" && typeof record.pid === "number"
    return whole ? (record as ServerRecord) : undefined
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}

function undefinedIfAbsent(error: NodeJS.ErrnoException): undefined {
  if (error.code === "ENOENT" || error.code === "ESRCH") return undefined
  throw error
}
