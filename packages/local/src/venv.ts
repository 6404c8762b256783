import { createHash, randomUUID } from "node:crypto"
import { appendFile, mkdir, readdir, readlink, realpath, rename, rm, stat, symlink, writeFile } from "node:fs/promises"
import { basename, join } from "node:path"
import { LaunchRefused } from "./engine.ts"
import { quote } from "./hand-over.ts"
import type { Python } from "./python.ts"
import { runTool, type ToolEnd } from "./run-tool.ts"

/** Packages that a handler needs, and who waits for them. */
export interface VenvRequest {
  readonly python: Python
  /** Pip requirement lines. */
  readonly packages: readonly string[]
  /** Holds one environment per interpreter and list of packages: `<data>/venvs`. */
  readonly folder: string
  /** Pip's output is appended here. */
  readonly log: string
  readonly environment: NodeJS.ProcessEnv
  readonly signal: AbortSignal
  /**
   * Wraps a script of sh that may write only below this folder: what a package's own build does is the user's code.
   * Default: it runs with the server's rights.
   */
  readonly isolate?: ((script: string, writable: string) => readonly string[]) | undefined
}

/** Of the server's variables, what pip may need to reach its index; nothing else is passed on. */
const passedOn = /^(PATH|HOME|LANG|LC_ALL|TMPDIR|PIP_.*|SSL_CERT_(FILE|DIR)|REQUESTS_CA_BUNDLE|(https?|no|all)_proxy)$/i

/** Lines that read a file of the server, or depend on where pip runs. */
const refusedLine = /^\s*(-r|-c|-e|--requirement|--constraint|--editable|\.{0,2}\/|file:)/

const staleAfterMs = 60 * 60 * 1000
const running = new Map<string, Promise<unknown>>()

/**
 * The virtual environment that holds these packages; built when there is none yet.
 *
 * Each is built in a folder of its own and published by renaming a link, so that a half-built one is never used
 * and the programs it installs keep their paths.
 *
 * @throws LaunchRefused with the end of pip's output.
 */
export async function ensureVenv(request: VenvRequest): Promise<string> {
  const link = join(request.folder, hashOf(request))
  for (;;) {
    request.signal.throwIfAborted()
    const ready = await realpath(link).catch(() => undefined)
    if (ready !== undefined) return ready
    const other = running.get(link)
    if (other === undefined) break
    await note(request, "waiting for another run that installs the same packages")
    await untilAborted(other, request.signal)
  }
  const build = buildVenv(request, link)
  running.set(
    link,
    build.catch(() => undefined),
  )
  return build.finally(() => running.delete(link))
}

function hashOf({ python, packages }: VenvRequest): string {
  const identity = JSON.stringify([python.executable, python.version, packages])
  return createHash("sha256").update(identity).digest("hex").slice(0, 32)
}

async function buildVenv(request: VenvRequest, link: string): Promise<string> {
  const refused = request.packages.find((line) => refusedLine.test(line) || /[\n\r\0]/.test(line))
  if (refused !== undefined) {
    throw new LaunchRefused(`The requirement ${JSON.stringify(refused)} names a file of the server, not a package.`)
  }
  await mkdir(request.folder, { recursive: true })
  await removeStale(link)
  const folder = `${link}.${randomUUID().slice(0, 8)}`
  try {
    await install(request, folder)
    const next = `${folder}.link`
    await symlink(basename(folder), next)
    await rename(next, link)
    return await realpath(link)
  } catch (error) {
    await rm(folder, { recursive: true, force: true })
    throw error
  }
}

async function install(request: VenvRequest, folder: string): Promise<void> {
  await note(request, `installing ${request.packages.length} packages for Python ${request.python.version}`)
  const environment = Object.fromEntries(
    Object.entries(request.environment).filter((pair): pair is [string, string] => passedOn.test(pair[0])),
  )
  await mkdir(folder)
  const run = (program = "", ...args: readonly string[]): Promise<ToolEnd> =>
    runTool(wrap(request, folder, [program, ...args]), {
      environment: { ...environment, PYTHONUTF8: "1" },
      workingDirectory: request.folder,
      log: request.log,
      signal: request.signal,
    })
  // A pip of its own costs the environment some seconds: the interpreter's is used where there is one.
  const { executable, hasPip } = request.python
  const made = await run(executable, "-m", "venv", ...(hasPip ? ["--without-pip"] : []), folder)
  if (made.code !== 0) throw refusal("A virtual environment could not be made", made)
  const list = join(folder, "requirements.txt")
  await writeFile(list, `${request.packages.join("\n")}\n`)
  const target = join(folder, "bin", "python")
  const pip = hasPip ? [executable, "-m", "pip", "--python", target] : [target, "-m", "pip"]
  // No cache: it would be shared with what other users' packages build.
  const quiet =
    "--disable-pip-version-check --no-input --no-cache-dir --progress-bar off --root-user-action ignore".split(" ")
  const done = await run(...pip, "install", ...quiet, "-r", list)
  if (done.code !== 0) throw refusal("The packages could not be installed", done)
}

function wrap(
  { isolate }: VenvRequest,
  folder: string,
  command: readonly [string, ...string[]],
): readonly [string, ...string[]] {
  const words = isolate?.(`exec ${command.map(quote).join(" ")}`, folder)
  // Not the leader of its group, or `setsid` would leave it behind.
  return words === undefined ? command : ["/bin/sh", "-c", '"$@"; exit $?', "berth-tool", ...words]
}

/** In the run's own log, told apart from what pip says. */
function note({ log }: VenvRequest, text: string): Promise<void> {
  return appendFile(log, `berth: ${text}\n`, { mode: 0o600 })
}

function refusal(what: string, { code, output }: ToolEnd): LaunchRefused {
  const lines = output.trimEnd().split("\n")
  return new LaunchRefused(`${what} (exit code ${code}):\n${lines.slice(-12).join("\n")}`)
}

/** What a server that died left half-built. A build of today may still be one that its pip goes on with. */
async function removeStale(link: string): Promise<void> {
  const folder = join(link, "..")
  const published = await readlink(link).catch(() => undefined)
  for (const name of await readdir(folder)) {
    if (!name.startsWith(`${basename(link)}.`) || name === published) continue
    const { mtimeMs } = await stat(join(folder, name))
    if (Date.now() - mtimeMs > staleAfterMs) await rm(join(folder, name), { recursive: true, force: true })
  }
}

function untilAborted(work: Promise<unknown>, signal: AbortSignal): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const abort = () => reject(signal.reason)
  signal.addEventListener("abort", abort, { once: true })
  work.then(() => resolve(), reject)
  return promise.finally(() => signal.removeEventListener("abort", abort))
}
