import { join } from "node:path"
import { type Client, createClient } from "@berth/sdk"
import { BerthError } from "@berth/spec"
import { ensureServer, type SelfCommand } from "./embedded.ts"
import { type OutputFormat, toOutput } from "./output.ts"
import { findServer, isAnswering, waitForEnd } from "./server-file.ts"
import type { Terminal } from "./terminal.ts"

/** Options that every command takes. */
export interface GlobalOptions {
  readonly endpoint?: string
  readonly project?: string
  readonly local?: boolean
  readonly json?: boolean
  readonly output?: OutputFormat
}

/** What a command works with: the server, the project, and where to print. */
export interface Session {
  readonly client: Client
  readonly project: string
  readonly terminal: Terminal
  readonly format: OutputFormat
  /** Where the server came from, for the head line of a run. */
  readonly server: "configured" | "embedded"
}

/** The project of commands that name none. */
const defaultProject = "default"

/** Connects to the configured server, or to this folder's, which is started when it does not run. */
export async function openSession(options: GlobalOptions, self: SelfCommand): Promise<Session> {
  const { endpoint, token, server, isFresh } = await locateServer(options, self)
  const client = createClient({ endpoint, ...(token !== undefined && { token }) })
  if (isFresh) await client.projects.ensure(defaultProject)
  const project = options.project ?? (process.env.BERTH_PROJECT || defaultProject)
  return { ...toOutput(options), client, project, server }
}

interface Located {
  readonly endpoint: string
  readonly token: string | undefined
  readonly server: Session["server"]
  /** Started by this command. */
  readonly isFresh: boolean
}

async function locateServer(options: GlobalOptions, self: SelfCommand): Promise<Located> {
  const endpoint = options.endpoint ?? process.env.BERTH_ENDPOINT
  if (endpoint && options.local !== true) {
    checkEndpoint(endpoint, options.endpoint === undefined ? "BERTH_ENDPOINT" : "--endpoint")
    return { endpoint, token: process.env.BERTH_TOKEN || undefined, server: "configured", isFresh: false }
  }
  const found = await findLiveServer()
  const { endpoint: own, token } = found?.record ?? (await ensureServer(dataFolder(), self))
  return { endpoint: own, token, server: "embedded", isFresh: found === undefined }
}

const endMilliseconds = 15_000

/** This folder's server; one that is just ending is waited for, and is none. */
async function findLiveServer(): Promise<Awaited<ReturnType<typeof findServer>>> {
  const found = await findServer(process.cwd())
  if (found === undefined || (await isAnswering(found.record))) return found
  await waitForEnd(found.record, endMilliseconds)
  return undefined
}

/** @throws BerthError `invalid` for what is no address of a server */
function checkEndpoint(endpoint: string, from: string): void {
  const protocol = URL.canParse(endpoint) ? new URL(endpoint).protocol : ""
  if (protocol === "http:" || protocol === "https:") return
  const given = JSON.stringify(endpoint)
  throw new BerthError("invalid", `${from} is ${given}, which is no address. It looks like http://127.0.0.1:8080.`)
}

/** Where a server that is started for this folder keeps its state. */
export function dataFolder(): string {
  return process.env.BERTH_DATA || join(process.cwd(), ".berth")
}
