import { readdir, readFile, readlink, stat } from "node:fs/promises"
import { dirname, join, relative, sep } from "node:path"
import { promisify } from "node:util"
import { gzip } from "node:zlib"
import { BerthError, createFinding } from "@berth/spec"
import { type IgnoreFile, isIgnored, parseIgnore } from "./ignore.ts"
import { type PackEntry, writeTar } from "./tar.ts"

/** Never part of the code, whatever a `.gitignore` says. */
const neverPacked: ReadonlySet<string> = new Set([
  ".git",
  ".berth",
  "node_modules",
  "__pycache__",
  ".venv",
  ".DS_Store",
])

/** More than this is surely not code; reading on would only cost memory. */
const maxReadBytes = 200 * 1000 * 1000

/**
 * A folder as a deterministic tar.gz: same names and contents, same bytes, on every machine.
 *
 * Left out: `.git`, `.berth`, `node_modules`, `__pycache__`, `.venv`, and what the `.gitignore` files of the folder, of
 * the folders in it, and of those above it up to the repository's root name.
 *
 * @param folder - Absolute.
 * @throws BerthError `invalid` with the finding `code.unreadable` or `code.too_large`.
 */
export async function packFolder(folder: string): Promise<Uint8Array> {
  const isFolder = await stat(folder).then(
    (entry) => entry.isDirectory(),
    () => false,
  )
  if (!isFolder) throw unreadable(`There is no folder ${folder}.`)
  const above = await readIgnoresAbove(folder)
  const entries: PackEntry[] = []
  const walk: Walk = { root: above.root, entries, readBytes: 0 }
  await pack(walk, { path: folder, inArchive: "", ignores: above.files })
  const packed = new Uint8Array(await promisify(gzip)(writeTar(entries), { level: 9 }))
  // The header names the operating system; the same folder must give the same bytes on all of them.
  packed[9] = 0xff
  return packed
}

interface Walk {
  /** Ignore files speak of paths relative to this folder. */
  readonly root: string
  readonly entries: PackEntry[]
  readBytes: number
}

interface Place {
  readonly path: string
  readonly inArchive: string
  readonly ignores: readonly IgnoreFile[]
}

async function pack(walk: Walk, place: Place): Promise<void> {
  const own = await readIgnore(walk.root, place.path)
  const ignores = own === undefined ? place.ignores : [...place.ignores, own]
  for (const entry of await readdir(place.path, { withFileTypes: true })) {
    const path = join(place.path, entry.name)
    const below = toSlashes(relative(walk.root, path))
    if (neverPacked.has(entry.name) || isIgnored(below, entry.isDirectory(), ignores)) continue
    const inArchive = place.inArchive === "" ? entry.name : `${place.inArchive}/${entry.name}`
    if (entry.isDirectory()) await pack(walk, { path, inArchive, ignores })
    else if (entry.isSymbolicLink()) walk.entries.push(await packLink(path, inArchive))
    else if (entry.isFile()) walk.entries.push(await packFile(walk, path, inArchive))
    else throw unreadable(`${path} is neither a file, a folder nor a link.`)
  }
}

async function packFile(walk: Walk, path: string, inArchive: string): Promise<PackEntry> {
  const { mode, size } = await stat(path)
  walk.readBytes += size
  if (walk.readBytes > maxReadBytes) {
    throw unreadable(`The folder holds more than ${maxReadBytes / 1e6} MB. Leave data out with a .gitignore.`)
  }
  return { kind: "file", path: inArchive, executable: (mode & 0o100) !== 0, body: await readFile(path) }
}

/** A link travels as a link, when it surely stays inside: relative, `..` first and no more than folders above it. */
async function packLink(path: string, inArchive: string): Promise<PackEntry> {
  const target = toSlashes(await readlink(path))
  const parts = target.split("/").filter((part) => part !== "" && part !== ".")
  const firstDown = parts.findIndex((part) => part !== "..")
  const up = firstDown === -1 ? parts.length : firstDown
  const depth = inArchive.split("/").length - 1
  if (target.startsWith("/") || up > depth || parts.slice(up).includes("..")) {
    throw unreadable(`${path} links to ${target}, outside of the folder.`)
  }
  return { kind: "symlink", path: inArchive, target }
}

/** The ignore files above a folder that is inside a repository, outermost first, and the repository's root. */
async function readIgnoresAbove(folder: string): Promise<{ root: string; files: readonly IgnoreFile[] }> {
  const folders: string[] = []
  for (let at = folder; ; at = dirname(at)) {
    if (await exists(join(at, ".git"))) {
      const files = await Promise.all(folders.reverse().map((each) => readIgnore(at, each)))
      return { root: at, files: files.filter((file) => file !== undefined) }
    }
    if (dirname(at) === at) return { root: folder, files: [] }
    folders.push(dirname(at))
  }
}

async function readIgnore(root: string, folder: string): Promise<IgnoreFile | undefined> {
  const text = await readFile(join(folder, ".gitignore"), "utf8").catch(() => undefined)
  if (text === undefined) return undefined
  const below = toSlashes(relative(root, folder))
  return parseIgnore(text, below === "" ? "" : `${below}/`)
}

async function exists(path: string): Promise<boolean> {
  return await stat(path).then(
    () => true,
    () => false,
  )
}

function toSlashes(path: string): string {
  return sep === "/" ? path : path.replaceAll(sep, "/")
}

function unreadable(reason: string): BerthError {
  const finding = createFinding("code.unreadable", { reason })
  return new BerthError("invalid", finding.message, { issues: [finding] })
}
