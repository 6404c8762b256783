import { chmodSync, lstatSync, readdirSync, rmSync } from "node:fs"
import { join } from "node:path"
import { hasCode } from "./process-id.ts"

/** Removes a folder with everything in it, also what a program closed to us by its modes. Nothing there is no error. */
export function removeTree(path: string): void {
  try {
    rmSync(path, { recursive: true, force: true })
  } catch (error) {
    if (!hasCode(error, "EACCES") && !hasCode(error, "EPERM") && !hasCode(error, "ENOTEMPTY")) throw error
    openFolders(path)
    rmSync(path, { recursive: true, force: true })
  }
}

function openFolders(path: string): void {
  if (!lstatSync(path).isDirectory()) return
  chmodSync(path, 0o700)
  for (const name of readdirSync(path)) openFolders(join(path, name))
}
