import { join } from "node:path"
import { type Client, createClient } from "@berth/sdk"
import { ensureServer, type SelfCommand } from "./embedded.ts"
import type { OutputFormat } from "./output.ts"
import { findServer } from "./server-file.ts"
import { createTerminal, type Terminal } from "./terminal.ts"

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

/** The terminal and format of a command that needs no server. */
export function toOutput(options: GlobalOptions): { terminal: Terminal; format: OutputFormat } {
  return { terminal: createTerminal(), format: options.json === true ? "json" : (options.output ?? "text") }
}

/** Connects to the configured server, or to this folder's, which is started when it does not run. */
export async function openSession(options: GlobalOptions, self: SelfCommand): Promise<Session> {
  const { endpoint, token, server } = await locateServer(options, self)
  return {
    ...toOutput(options),
    client: createClient({ endpoint, ...(token !== undefined && { token }) }),
    project: options.project ?? (process.env.BERTH_PROJECT || "default"),
    server,
  }
}

async function locateServer(options: GlobalOptions, self: SelfCommand) {
  const endpoint = options.endpoint ?? process.env.BERTH_ENDPOINT
  if (endpoint && options.local !== true) {
    return { endpoint, token: process.env.BERTH_TOKEN || undefined, server: "configured" as const }
  }
  const found = await findServer(process.cwd())
  const record = found?.record ?? (await ensureServer(dataFolder(), self))
  return { endpoint: record.endpoint, token: record.token, server: "embedded" as const }
}

/** Where a server that is started for this folder keeps its state. */
export function dataFolder(): string {
  return process.env.BERTH_DATA || join(process.cwd(), ".berth")
}
