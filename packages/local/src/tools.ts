import { spawnSync } from "node:child_process"
import { accessSync, constants, statSync } from "node:fs"
import { join } from "node:path"
import { hasCode } from "./process-id.ts"

/** Programs of this machine, by real path; undefined where it lacks one. */
export interface Tools {
  /** Where they were looked for: the PATH of our own scripts, never a user's. */
  readonly path: string
  readonly sh: string
  readonly setsid: string
  readonly bwrap: string | undefined
  readonly unshare: string | undefined
  readonly mount: string | undefined
  readonly chroot: string | undefined
  readonly setpriv: string | undefined
  readonly perl: string | undefined
  /** Words that give the program default signals again; none where `env` cannot. */
  readonly resetSignals: readonly string[]
}

const systemFolders = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"]

/** Looks for the programs once, on the PATH given and in the system's usual folders. */
export function findTools(path: string | undefined): Tools {
  const folders = [
    ...new Set([...(path ?? "").split(":").filter((folder) => folder.startsWith("/")), ...systemFolders]),
  ]
  const find = (name: string) => folders.map((folder) => join(folder, name)).find(isProgram)
  return {
    path: folders.join(":"),
    sh: find("sh") ?? "/bin/sh",
    setsid: find("setsid") ?? "setsid",
    bwrap: find("bwrap"),
    unshare: find("unshare"),
    mount: find("mount"),
    chroot: find("chroot"),
    setpriv: find("setpriv"),
    perl: find("perl"),
    resetSignals: signalReset(find("env")),
  }
}

/** sh starts background programs with SIGINT and SIGQUIT ignored, which a program would inherit. */
function signalReset(env: string | undefined): readonly string[] {
  if (env === undefined) return []
  const words = [env, "--default-signal=INT,QUIT", "--"]
  return spawnSync(env, [...words.slice(1), "true"]).status === 0 ? words : []
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return statSync(path).isFile()
  } catch (error) {
    if (hasCode(error, "ENOENT") || hasCode(error, "EACCES") || hasCode(error, "ENOTDIR")) return false
    throw error
  }
}
