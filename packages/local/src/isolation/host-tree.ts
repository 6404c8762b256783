import { lstatSync, readdirSync, readFileSync, readlinkSync, realpathSync } from "node:fs"
import { dirname, join } from "node:path"
import { hasCode } from "../process-id.ts"

/** What a mount plan has to know of this machine's files. */
export interface HostTree {
  /** Entries of a folder; undefined when there is no such folder or it cannot be read. */
  list(path: string): readonly HostEntry[] | undefined
  /** The path with the links of its existing part followed. */
  resolve(path: string): string
  /** Everything that is mounted, in mount order. */
  readonly mounts: readonly HostMount[]
}

export interface HostEntry {
  readonly name: string
  readonly form: "folder" | "file" | "link"
  /** Where a link leads, as it is written. */
  readonly to?: string
}

export interface HostMount {
  readonly path: string
  /** `nosuid`, `nodev`, `noexec`: what a second mount of it has to keep. */
  readonly flags: readonly string[]
}

/** The machine's files as they are now; each folder is read once. */
export function readHostTree(): HostTree {
  const lists = new Map<string, readonly HostEntry[] | undefined>()
  const list = (path: string) => {
    if (!lists.has(path)) lists.set(path, listFolder(path))
    return lists.get(path)
  }
  return { list, resolve: resolvePath, mounts: readMounts() }
}

/** What we cannot reach the program, being the same user, cannot reach either. */
function readMounts(): readonly HostMount[] {
  return parseMounts(readFileSync("/proc/self/mountinfo", "utf8")).filter(({ path }) => {
    try {
      return lstatSync(path) !== undefined
    } catch (error) {
      if (error instanceof Error) return false
      throw error
    }
  })
}

function listFolder(path: string): readonly HostEntry[] | undefined {
  try {
    return readdirSync(path, { withFileTypes: true }).map((entry) => {
      if (entry.isSymbolicLink()) return { name: entry.name, form: "link", to: readlinkSync(join(path, entry.name)) }
      return { name: entry.name, form: entry.isDirectory() ? "folder" : "file" }
    })
  } catch (error) {
    if (["ENOENT", "ENOTDIR", "EACCES"].some((code) => hasCode(error, code))) return undefined
    throw error
  }
}

function resolvePath(path: string): string {
  try {
    return realpathSync(path)
  } catch (error) {
    if (!hasCode(error, "ENOENT") && !hasCode(error, "ENOTDIR")) throw error
    const parent = dirname(path)
    return join(resolvePath(parent), path.slice(parent === "/" ? 1 : parent.length + 1))
  }
}

const keptFlags = new Set(["nosuid", "nodev", "noexec", "noatime", "nodiratime"])

/** Parses `/proc/<pid>/mountinfo`; of mounts on the same path only the last can be seen. */
export function parseMounts(text: string): readonly HostMount[] {
  const mounts = new Map<string, HostMount>()
  for (const line of text.split("\n")) {
    const [, , , , path, options] = line.split(" ")
    if (path === undefined || options === undefined) continue
    const flags = options.split(",").filter((flag) => keptFlags.has(flag))
    mounts.delete(unescapeField(path))
    mounts.set(unescapeField(path), { path: unescapeField(path), flags })
  }
  return [...mounts.values()]
}

function unescapeField(path: string): string {
  return path.replaceAll(/\\([0-7]{3})/g, (_whole, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)))
}
