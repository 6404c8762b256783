import { BerthError } from "@berth/spec"
import { Command, CommanderError } from "commander"
import { addCommands } from "./command-table.ts"
import { exitCode, exitCodeOf } from "./exit-code.ts"
import { formatFindings } from "./findings.ts"
import { numberFixes } from "./fixes.ts"
import { createTerminal } from "./terminal.ts"

/** The `berth` command: reads the command line, runs one command, gives its exit status. */
async function main(argv: readonly string[]): Promise<number> {
  const program = new Command("berth")
  let status = 0
  addCommands(program, (code) => {
    status = code
  })
  program.exitOverride()
  try {
    if (argv.length === 0) {
      program.outputHelp()
      return 0
    }
    await program.parseAsync(argv, { from: "user" })
    return status
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : exitCode.usage
    return fail(error, argv)
  }
}

/** An error as people read it, or with `--json` as the server would send it. */
function fail(error: unknown, argv: readonly string[]): number {
  const known = BerthError.from(error)
  const terminal = createTerminal()
  if (argv.includes("--json")) {
    terminal.out(JSON.stringify(known.toBody(known.requestId), null, 2))
    return exitCodeOf(known)
  }
  terminal.note(`${terminal.paint("red", "error")}: ${known.message}`)
  if (known.issues.length > 0) terminal.note(formatFindings(numberFixes(known.issues), terminal))
  if (known.code === "internal") {
    if (known.requestId !== undefined) terminal.note(`The server logged it under request ${known.requestId}.`)
    if (process.env.BERTH_DEBUG !== undefined)
      terminal.note(String((known.cause as Error | undefined)?.stack ?? known.stack))
  }
  return exitCodeOf(known)
}

process.exitCode = await main(process.argv.slice(2))
