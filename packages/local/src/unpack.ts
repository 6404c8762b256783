import { chmod, mkdir, symlink, writeFile } from "node:fs/promises"
import { dirname, join } from "node:path"
import { promisify } from "node:util"
import { gunzip } from "node:zlib"
import { BerthError, type Code, createFinding, maxCodeBytes } from "@berth/spec"
import { readTar, type TarEntry, TarError } from "./tar.ts"

/** An archive may unpack to this much, and hold this many files and folders. */
const maxUnpackedBytes = 100 * 1000 * 1000
const maxEntries = 10_000

/**
 * Reads code as it travels, checking all of it; nothing is written.
 *
 * @throws BerthError `invalid` with one finding: `code.unreadable` or `code.too_large`.
 */
export async function readCode(code: Code, defaultName: string): Promise<readonly TarEntry[]> {
  const packed = decodeBase64(code.base64)
  if (packed.length > maxCodeBytes) {
    throw invalid(createFinding("code.too_large", { bytes: packed.length, limitBytes: maxCodeBytes }))
  }
  if (code.form === "file")
    return [{ kind: "file", path: parseName(code.name ?? defaultName), executable: false, body: packed }]
  const archive = await inflate(packed)
  try {
    return readTar(archive, maxEntries)
  } catch (error) {
    if (error instanceof TarError) throw unreadable(error.message)
    throw error
  }
}

/**
 * Writes code into a folder that is empty or does not exist.
 *
 * @throws BerthError `invalid`, as {@link readCode}; then nothing was written.
 */
export async function unpackCode(
  code: Code,
  options: { readonly folder: string; readonly defaultName: string },
): Promise<void> {
  const entries = await readCode(code, options.defaultName)
  await mkdir(options.folder, { recursive: true })
  const links = entries.filter((entry) => entry.kind === "symlink")
  for (const entry of entries) await writeEntry(entry, join(options.folder, entry.path))
  // Last, so that nothing is ever written through one.
  for (const link of links) await symlink(link.target, join(options.folder, link.path))
}

async function writeEntry(entry: TarEntry, path: string): Promise<void> {
  await mkdir(entry.kind === "folder" ? path : dirname(path), { recursive: true })
  if (entry.kind !== "file") return
  await writeFile(path, entry.body, { flag: "wx" })
  if (entry.executable) await chmod(path, 0o755)
}

function parseName(name: string): string {
  const parts = name.split("/")
  if (name.includes("\0") || parts.some((part) => part === "" || part === "." || part === ".." || part.length > 255)) {
    throw unreadable(`${JSON.stringify(name.slice(0, 80))} is no file name inside a folder.`)
  }
  return name
}

function decodeBase64(base64: string): Buffer {
  const bytes = Buffer.from(base64, "base64")
  const characters = base64.replace(/[=\s]/g, "").length
  if (characters === Math.ceil((bytes.length * 4) / 3) && !/[^A-Za-z0-9+/=\s]/.test(base64)) return bytes
  throw unreadable("It is not base64.")
}

async function inflate(packed: Buffer): Promise<Buffer> {
  try {
    return await promisify(gunzip)(packed, { maxOutputLength: maxUnpackedBytes })
  } catch (error) {
    const tooLarge = error instanceof RangeError
    throw unreadable(
      tooLarge
        ? `It unpacks to more than ${maxUnpackedBytes / 1e6} MB.`
        : `It is no tar.gz: ${error instanceof Error ? error.message : String(error)}.`,
    )
  }
}

function unreadable(reason: string): BerthError {
  return invalid(createFinding("code.unreadable", { reason }))
}

function invalid(finding: ReturnType<typeof createFinding>): BerthError {
  return new BerthError("invalid", finding.message, { issues: [finding] })
}
