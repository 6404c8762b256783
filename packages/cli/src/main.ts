import { Command, CommanderError } from "commander"
import { addCommands } from "./command-table.ts"

/** The `berth` command: reads the command line, runs one command, gives its exit status. */
async function main(argv: readonly string[]): Promise<number> {
  // Before the commands are added: they inherit it.
  const program = new Command("berth").exitOverride()
  let status = 0
  addCommands(program, (code) => {
    status = code
  })
  try {
    if (argv.length === 0) {
      program.outputHelp()
      return 0
    }
    await program.parseAsync(argv, { from: "user" })
    return status
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return 0
    const { fail } = await import("./failure.ts")
    return fail(error, program.opts())
  }
}

// A reader that has seen enough, as `head` has, is no failure.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error
  process.exit(0)
})
process.exitCode = await main(process.argv.slice(2))
