import { spawn } from "node:child_process"
import { join } from "node:path"

/** The repository's root folder. */
export const root = join(import.meta.dirname, "..")

/** A program that npm installed, by the name of its command. */
export function installed(name: string): string {
  return join(root, "node_modules", ".bin", name)
}

/** Runs a program in the terminal and gives its exit code; 128 + n for signal n is reported as 128. */
export function runProgram(
  command: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: root,
      stdio: ["ignore", "inherit", "inherit"],
      env: { ...process.env, PATH: `${join(root, "node_modules", ".bin")}:${process.env.PATH ?? ""}`, ...environment },
    })
    child.once("error", reject)
    child.once("exit", (code) => resolve(code ?? 128))
  })
}
