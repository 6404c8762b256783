import { readFile } from "node:fs/promises"
import { basename, dirname, join, resolve } from "node:path"
import { BerthError, type Code, isJsonObject } from "@berth/spec"
import { toCode } from "../pack/code.ts"
import { packFolder } from "../pack/folder.ts"
import type { Platform, ServerRecord } from "./platform.ts"

/** Node: environment variables and files. */
export const platform: Platform = {
  readEnvironment: () => ({
    ...(process.env.BERTH_ENDPOINT && { endpoint: process.env.BERTH_ENDPOINT }),
    ...(process.env.BERTH_TOKEN && { token: process.env.BERTH_TOKEN }),
  }),
  findServer,
  packFile,
  packFolder: async (path) => toCode({ form: "tar.gz", bytes: await packFolder(resolve(path)) }),
}

async function packFile(path: string): Promise<Code> {
  const bytes = await readFile(path).catch((error: unknown) => {
    throw new BerthError("invalid", `The code ${path} cannot be read: ${messageOf(error)}`, { cause: error })
  })
  return toCode({ form: "file", bytes, name: basename(path) })
}

async function findServer(folder = process.cwd()): Promise<ServerRecord | undefined> {
  for (let at = resolve(folder); ; at = dirname(at)) {
    const path = join(at, ".berth", "server.json")
    const text = await readFile(path, "utf8").catch(() => undefined)
    if (text !== undefined) return parseRecord(text, path)
    if (dirname(at) === at) return undefined
  }
}

function parseRecord(text: string, path: string): ServerRecord {
  const record = parseJson(text)
  if (!isJsonObject(record) || typeof record.endpoint !== "string") {
    throw new BerthError("internal", `${path} does not name a server. Remove it, and start one with: berth serve`)
  }
  return { endpoint: record.endpoint, ...(typeof record.token === "string" && { token: record.token }) }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // Half a file is told like any other that names no server.
    return undefined
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
