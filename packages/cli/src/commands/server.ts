import { BerthError } from "@berth/spec"
import { recordServer, type SelfCommand } from "../embedded.ts"
import { printResult, toOutput } from "../output.ts"
import { findServer, removeServer, waitForEnd } from "../server-file.ts"
import type { GlobalOptions } from "../session.ts"

export interface ServeOptions {
  readonly listen?: string
  readonly data?: string
  readonly executor?: string
  readonly database?: string
  readonly publicUrl?: string
  readonly idleMinutes?: string
  readonly record?: boolean
}

const variables = {
  listen: "BERTH_LISTEN",
  data: "BERTH_DATA",
  executor: "BERTH_EXECUTOR",
  database: "BERTH_DATABASE_URL",
  publicUrl: "BERTH_PUBLIC_URL",
  idleMinutes: "BERTH_IDLE_MINUTES",
} as const satisfies Record<Exclude<keyof ServeOptions, "record">, string>

/** `berth serve`: the server in the foreground, until SIGTERM or Ctrl-C. A flag goes before its variable. */
export async function serveCommand(options: ServeOptions, { version }: SelfCommand): Promise<void> {
  const { readConfig, serve } = await import("@berth/server")
  const given = Object.entries(variables).flatMap(([option, variable]) => {
    const value = options[option as keyof typeof variables]
    return value === undefined ? [] : [[variable, value] as const]
  })
  const config = readConfig({ ...process.env, ...Object.fromEntries(given) })
  await serve(config, options.record === true ? (url) => recordServer(config.dataDir, url, version) : undefined)
}

/** `berth down`: ends this folder's server; what runs goes on and is found again by the next one. */
export async function downCommand(options: GlobalOptions): Promise<void> {
  const output = toOutput(options)
  const found = await findServer(process.cwd())
  if (found === undefined) {
    await printResult({ stopped: false }, output, () => "No server runs for this folder.")
    return
  }
  process.kill(found.record.pid, "SIGTERM")
  if (!(await waitForEnd(found.record, 15_000))) {
    throw new BerthError("timeout", `The server (pid ${found.record.pid}) has not ended after 15 s.`)
  }
  await removeServer(found.data)
  await printResult({ stopped: true, pid: found.record.pid }, output, () => `The server of ${found.data} has ended.`)
}
