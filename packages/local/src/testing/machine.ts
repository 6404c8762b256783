import { spawnSync } from "node:child_process"
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"

/** Numbers of the processes whose command line holds the text. */
export function findByCommand(text: string): readonly number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter((name) =>
      readQuietly(join("/proc", name, "cmdline"))
        .replaceAll("\0", " ")
        .includes(text),
    )
    .map(Number)
}

/** A file of another process; empty when it is gone or not ours. */
export function readQuietly(path: string): string {
  try {
    return readFileSync(path, "latin1")
  } catch {
    return ""
  }
}

/** True when the program is installed. */
export function has(program: string): boolean {
  return spawnSync("sh", ["-c", `command -v ${program}`]).status === 0
}

export const isRoot = process.getuid?.() === 0

/** Files below a folder whose bytes hold the text. */
export function filesWith(folder: string, text: string): readonly string[] {
  const { stdout } = spawnSync("grep", ["-rlaF", "--", text, folder], { encoding: "utf8" })
  return stdout.split("\n").filter((line) => line !== "")
}
