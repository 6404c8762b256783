import { spawn } from "node:child_process"
import { open } from "node:fs/promises"

/** How a program that prepares something ended. */
export interface ToolEnd {
  /** 128 + n for signal n; 127 when the program is not there. */
  readonly code: number
  /** Last bytes of its output, both streams. */
  readonly output: string
}

export interface ToolOptions {
  readonly environment: Readonly<Record<string, string>>
  readonly workingDirectory: string
  /** Its output is appended to this file. */
  readonly log: string
  readonly signal: AbortSignal
}

const tailBytes = 4096

/**
 * Runs a program to its end, its output appended to a log as it comes.
 *
 * @throws the signal's reason when it was aborted; the program and its children are gone then.
 */
export async function runTool(command: readonly [string, ...string[]], options: ToolOptions): Promise<ToolEnd> {
  await using log = await open(options.log, "a+", 0o600)
  const { size: start } = await log.stat()
  const code = await waitForEnd(command, { ...options, output: log.fd })
  options.signal.throwIfAborted()
  const { size: end } = await log.stat()
  const from = Math.max(start, end - tailBytes)
  const { buffer, bytesRead } = await log.read(Buffer.alloc(end - from), { position: from })
  return { code, output: buffer.subarray(0, bytesRead).toString("utf8") }
}

function waitForEnd(
  [program, ...args]: readonly [string, ...string[]],
  options: ToolOptions & { readonly output: number },
): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>()
  options.signal.throwIfAborted()
  const child = spawn(program, args, {
    cwd: options.workingDirectory,
    env: options.environment,
    stdio: ["ignore", options.output, options.output],
    detached: true,
  })
  const end = () => killGroup(child.pid)
  options.signal.addEventListener("abort", end, { once: true })
  child.once("error", (error: NodeJS.ErrnoException) => (error.code === "ENOENT" ? resolve(127) : reject(error)))
  child.once("exit", (code) => resolve(code ?? 137))
  return promise.finally(() => options.signal.removeEventListener("abort", end))
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, "SIGKILL")
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error
  }
}
