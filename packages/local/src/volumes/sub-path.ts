import { lstatSync, mkdirSync, realpathSync } from "node:fs"
import { join, sep } from "node:path"
import { LaunchRefused } from "../engine.ts"

/**
 * The real path of a relative path inside a folder, missing folders made.
 *
 * @throws LaunchRefused when it leads out of the folder, by `..` or by a symbolic link that a run left there.
 */
export function resolveInside(folder: string, relative: string): string {
  const root = realpathSync(folder)
  let path = root
  for (const part of relative.split("/").filter((word) => word !== "" && word !== ".")) {
    if (part === "..") throw escapes(relative)
    path = step(path, part)
    if (path !== root && !path.startsWith(root + sep)) throw escapes(relative)
  }
  return path
}

function step(folder: string, part: string): string {
  const path = join(folder, part)
  const found = lstatSync(path, { throwIfNoEntry: false })
  if (found === undefined) mkdirSync(path, { mode: 0o755 })
  else if (found.isSymbolicLink()) return realpathSync(path)
  return path
}

/** Says that a path leads out of its volume. */
export function escapes(relative: string): LaunchRefused {
  return new LaunchRefused(`The path ${JSON.stringify(relative)} leads out of its volume.`)
}

/** A name that is one folder's name and nothing else. */
export function toFolderName(name: string): string {
  if (name === "" || name === "." || name === ".." || /[/\0]/.test(name)) {
    throw new LaunchRefused(`${JSON.stringify(name)} cannot be the name of a folder.`)
  }
  return name
}
