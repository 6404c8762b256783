import { closeSync, existsSync, fsyncSync, openSync, readFileSync, renameSync, statSync, writeSync } from "node:fs"
import { dirname } from "node:path"
import { BerthError } from "@berth/spec"
import { createKey, type Key, toKey } from "./cipher.ts"

/** The key file: one key a line in base64, the one that encrypts last; more than one only while a rotation is under way. */
export interface KeyFile {
  readonly path: string
  /** Undefined when there is no file. */
  read(): readonly Key[] | undefined
  /** Replaces the file in one step: after a crash it is the old one or the new one. */
  write(keys: readonly Key[]): void
}

export function createKeyFile(path: string): KeyFile {
  return { path, read: () => readKeys(path), write: (keys) => writeKeys(path, keys) }
}

function readKeys(path: string): readonly Key[] | undefined {
  if (!existsSync(path)) return undefined
  const mode = statSync(path).mode & 0o777
  if ((mode & 0o077) !== 0) {
    throw new BerthError(
      "invalid",
      `The key file ${path} can be read by others (mode 0${mode.toString(8)}): chmod 600 ${path}`,
    )
  }
  const lines = readFileSync(path, "utf8").split(/\s+/u).filter(Boolean)
  const keys = lines.map((line) => Buffer.from(line, "base64"))
  if (
    keys.length === 0 ||
    keys.some((bytes, index) => bytes.length !== 32 || bytes.toString("base64") !== lines[index])
  ) {
    throw new BerthError(
      "invalid",
      `The key file ${path} must hold 32 random bytes in base64, as \`openssl rand -base64 32\` prints them.`,
    )
  }
  return keys.map(toKey)
}

function writeKeys(path: string, keys: readonly Key[]): void {
  const next = `${path}.next`
  try {
    const file = openSync(next, "w", 0o600)
    writeSync(file, keys.map((key) => `${Buffer.from(key.bytes).toString("base64")}\n`).join(""))
    fsyncSync(file)
    closeSync(file)
    renameSync(next, path)
    syncFolder(dirname(path))
  } catch (error) {
    throw new BerthError("unavailable", `The key file ${path} can't be written: ${String(error)}`, { cause: error })
  }
}

function syncFolder(folder: string): void {
  const handle = openSync(folder, "r")
  fsyncSync(handle)
  closeSync(handle)
}

/** The keys of a file, which is made with a first key if there is none. */
export function readOrCreateKeys(file: KeyFile): readonly Key[] {
  const found = file.read()
  if (found !== undefined) return found
  const keys = [createKey()]
  file.write(keys)
  return keys
}
