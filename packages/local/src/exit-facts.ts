import type { Exit } from "@berth/spec"
import type { AttemptFiles, ExitFile } from "./attempt-files.ts"

export interface ExitDetails {
  readonly memoryLimitBytes?: number
  /** What the isolation said when it failed. */
  readonly setup: string
  /** The program that was asked for. */
  readonly program: string
  /** What the runner left, if it left anything. */
  readonly result?: { readonly result: unknown }
}

/** Turns what the files say about an ended attempt into the port's facts. */
export function toExit(files: AttemptFiles & { readonly exit: ExitFile }, details: ExitDetails): Exit {
  const { exit, verdict } = files
  const finishedAt = exit.at
  const usage = {
    finishedAt,
    ...(exit.peakBytes !== undefined && { peakMemoryBytes: exit.peakBytes }),
    ...(details.memoryLimitBytes !== undefined && { memoryLimitBytes: details.memoryLimitBytes }),
  }
  const code = programCode(files.begun, exit)
  if (exit.oomKills > 0 || verdict?.reason === "oom") return { reason: "oom", code: 137, ...usage }
  if (verdict?.reason === "storage") return { reason: "storage", code: 137, message: verdict.message, ...usage }
  if (verdict?.reason === "lost") return { reason: "lost", message: verdict.message, finishedAt }
  if (verdict?.reason === "stopped") return { reason: "stopped", code: 143, message: verdict.message, finishedAt }
  if (verdict?.reason === "not_started") return { reason: "not_started", message: verdict.message, finishedAt }
  if (exit.stopped) return { reason: "stopped", code, ...usage, ...details.result }
  if (exit.missing) return { reason: "not_started", code: 127, message: missing(details.program), finishedAt }
  if (!files.begun) return { reason: "not_started", message: details.setup, finishedAt }
  return { reason: isSignal(code) ? "signaled" : "exited", code, ...usage, ...details.result }
}

/** A first process that did not live to tell the program's status was killed, and everything with it. */
function programCode(begun: boolean, exit: ExitFile): number {
  if (exit.exit !== undefined) return exit.exit
  return exit.tree && begun ? 137 : exit.code
}

function missing(program: string): string {
  return `${JSON.stringify(program)} was not found on this machine, or it is no executable file.`
}

/** sh reports a death by signal n as 128 + n, as container runtimes do. */
function isSignal(code: number): boolean {
  return code > 128 && code <= 128 + 64
}
