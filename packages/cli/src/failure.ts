import { BerthError, type ErrorCode } from "@berth/spec"
import { CommanderError } from "commander"
import { exitCode, exitCodeOf } from "./exit-code.ts"
import { formatFindings } from "./findings.ts"
import { numberFixes } from "./fixes.ts"
import { printResult, toOutput } from "./output.ts"
import type { GlobalOptions } from "./session.ts"
import type { Terminal } from "./terminal.ts"

/** Prints an error as people read it, or for programs as the server would send it. Gives the exit status. */
export async function fail(error: unknown, options: GlobalOptions): Promise<number> {
  // What is wrong with a command line was printed when it was read.
  if (error instanceof CommanderError) return exitCode.usage
  const known = fromFileSystem(error) ?? BerthError.from(error)
  const output = toOutput(options)
  if (output.format === "text") explainError(known, output.terminal)
  else await printResult(known.toBody(known.requestId), output, () => "")
  return exitCodeOf(known)
}

const fileProblems: Readonly<Record<string, string>> = {
  ENOENT: "There is no file or folder",
  EACCES: "This user may not use",
  EPERM: "This user may not use",
  EROFS: "Nothing can be written here, the file system is read-only:",
  EISDIR: "A file is needed, and this is a folder:",
  ENOTDIR: "A folder is needed, and this is a file:",
  ENOSPC: "The disk is full:",
}

/** What the user's own files refuse is the user's to mend, and no failure of Berth. */
function fromFileSystem(error: unknown): BerthError | undefined {
  if (!(error instanceof Error) || error instanceof BerthError) return undefined
  const { code = "", path = "" } = error as NodeJS.ErrnoException
  const problem = fileProblems[code]
  return problem === undefined || path === ""
    ? undefined
    : new BerthError("invalid", `${problem} ${path}`, { cause: error })
}

/** What the environment has to do with it. */
const hints: Partial<Record<ErrorCode, (env: NodeJS.ProcessEnv) => string | undefined>> = {
  unavailable: ({ BERTH_ENDPOINT }) =>
    BERTH_ENDPOINT ? "BERTH_ENDPOINT names this server. With --local the folder's own is used." : undefined,
  unauthenticated: ({ BERTH_TOKEN }) =>
    BERTH_TOKEN
      ? "The token came from BERTH_TOKEN. An administrator makes one: berth token new --name YOU"
      : "Put your token into BERTH_TOKEN. An administrator makes one: berth token new --name YOU",
}

function explainError(error: BerthError, terminal: Terminal): void {
  terminal.note(`${terminal.paint("red", "error")}: ${error.message}`)
  const [only, second] = error.issues
  if (second === undefined && only?.message === error.message) {
    if (only.hint !== undefined) terminal.note(only.hint)
  } else if (error.issues.length > 0) terminal.note(formatFindings(numberFixes(error.issues), terminal))
  const hint = hints[error.code]?.(process.env)
  if (hint !== undefined) terminal.note(hint)
  if (error.code !== "internal") return
  if (error.requestId !== undefined) terminal.note(`The server logged it under request ${error.requestId}.`)
  if (process.env.BERTH_DEBUG !== undefined) {
    terminal.note(String((error.cause as Error | undefined)?.stack ?? error.stack))
  }
}
