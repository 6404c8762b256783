import { execFileSync } from "node:child_process"
import { Command } from "commander"
import { describe, expect, it } from "vitest"
import { addCommands } from "./command-table.ts"
import { completionScript, completionTree, shells } from "./completion.ts"

const program = new Command("berth")
addCommands(program, () => {})
const tree = completionTree(program)

function complete(...words: readonly string[]): readonly string[] {
  const script = `${completionScript("bash", tree)}
COMP_WORDS=(${words.map((word) => `'${word}'`).join(" ")})
COMP_CWORD=${words.length - 1}
_berth
printf '%s\\n' "\${COMPREPLY[@]}"`
  return execFileSync("bash", ["-c", script], { encoding: "utf8" }).trim().split("\n")
}

describe("completion", () => {
  it("offers commands, subcommands and options in a real bash", () => {
    expect(complete("berth", "re")).toEqual(["resume"])
    expect(complete("berth", "")).toEqual(expect.arrayContaining(["run", "plan", "secret", "serve", "down"]))
    expect(complete("berth", "secret", "")).toEqual(
      expect.arrayContaining(["set", "get", "list", "delete", "rotate-key"]),
    )
    expect(complete("berth", "run", "--fo")).toEqual(["--follow"])
    expect(complete("berth", "run", "berth.yaml", "--str")).toEqual(["--strict"])
  })

  it("is made of the commands there are, for every shell", () => {
    const commands = program.commands.map((command) => command.name())
    for (const shell of shells) {
      const script = completionScript(shell, tree)
      for (const command of commands) expect(script).toMatch(new RegExp(`\\b${command}\\b`))
    }
  })
})
