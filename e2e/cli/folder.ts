import { type ChildProcess, spawn } from "node:child_process"
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { ServerRecord } from "../../packages/cli/src/server-file.ts"
import { bundleCli } from "../../scripts/bundle.ts"

/** How a command ended, and what it wrote. */
export interface Ended {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

/** A command under way. */
export interface Started {
  readonly child: ChildProcess
  readonly ended: Promise<Ended>
  /** Resolves once its standard error holds a text. */
  says(text: string): Promise<void>
}

export interface CallOptions {
  readonly input?: string
  readonly env?: Readonly<Record<string, string>>
}

/** A folder of a user's, in which the real command runs with a server of its own. */
export interface Folder {
  readonly path: string
  write(name: string, text: string): Promise<void>
  /** Runs the command to its end. */
  berth(args: readonly string[], options?: CallOptions): Promise<Ended>
  start(args: readonly string[], options?: CallOptions): Started
  /** What the folder's server record says. */
  server(): Promise<ServerRecord>
  /** Ends the folder's server and removes the folder. */
  remove(): Promise<void>
}

/** The `berth` command, bundled as it is shipped. */
export interface BundledCommand {
  readonly path: string
  remove(): Promise<void>
}

export async function bundleCommand(): Promise<BundledCommand> {
  const folder = await mkdtemp(join(tmpdir(), "berth-bundle-"))
  return { path: await bundleCli(folder), remove: () => rm(folder, { recursive: true, force: true }) }
}

/** @param command - The bundled `berth`. */
export async function createFolder(command: string): Promise<Folder> {
  const path = await mkdtemp(join(tmpdir(), "berth-cli-"))
  const start = (args: readonly string[], options: CallOptions = {}) =>
    startBerth({ command, cwd: path }, args, options)
  return {
    path,
    write: (name, text) => writeFile(join(path, name), text),
    berth: (args, options) => start(args, options).ended,
    start,
    server: async () => JSON.parse(await readFile(join(path, ".berth/server.json"), "utf8")) as ServerRecord,
    async remove() {
      await start(["down"]).ended
      await rm(path, { recursive: true, force: true })
    },
  }
}

function startBerth(
  { command, cwd }: { readonly command: string; readonly cwd: string },
  args: readonly string[],
  { input, env }: CallOptions,
): Started {
  const child = spawn(process.execPath, [command, ...args], {
    cwd,
    stdio: [input === undefined ? "ignore" : "pipe", "pipe", "pipe"],
    env: { ...process.env, BERTH_ENDPOINT: "", BERTH_TOKEN: "", BERTH_PROJECT: "", BERTH_DATA: "", ...env },
  })
  const written = { out: "", err: "" }
  const waiting: { readonly text: string; resolve(): void }[] = []
  child.stdout?.on("data", (chunk: Buffer) => {
    written.out += chunk.toString("utf8")
  })
  child.stderr?.on("data", (chunk: Buffer) => {
    written.err += chunk.toString("utf8")
    for (const { text, resolve } of waiting) if (written.err.includes(text)) resolve()
  })
  child.stdin?.end(input)
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once("error", reject)
    child.once("close", (code) => resolve({ code, ...written }))
  })
  const says = (text: string) =>
    new Promise<void>((resolve, reject) => {
      if (written.err.includes(text)) return resolve()
      waiting.push({ text, resolve })
      ended.then((end) => reject(new Error(`It ended with ${end.code} without saying ${text}:\n${end.err}`)), reject)
    })
  return { child, ended, says }
}
