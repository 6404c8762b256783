import { type FSWatcher, watch } from "node:fs"
import { type FileHandle, open } from "node:fs/promises"
import { dirname } from "node:path"
import type { Cancelable, Cursor, LogChunk } from "@berth/spec"
import { hasCode } from "./process-id.ts"

const chunkBytes = 64 * 1024
const rescanMilliseconds = 1000

export interface TailOptions extends Cancelable {
  readonly resume?: Cursor
  /** True once nothing will ever be written again; asked before the read that finds the end. */
  readonly ended: () => boolean
  readonly now: () => Date
}

/** Reads a growing file from a byte offset on, until its writer has ended and every byte was delivered. */
export async function* tailFile(path: string, options: TailOptions): AsyncIterable<LogChunk> {
  const { signal, ended, now } = options
  let offset = Number(options.resume ?? "0")
  let file: FileHandle | undefined
  // The folder, not the file: that the writer has ended shows beside it.
  const change = watchChanges(dirname(path), signal)
  const buffer = Buffer.allocUnsafe(chunkBytes)
  try {
    while (!signal.aborted) {
      const last = ended()
      file ??= await openIfThere(path)
      const bytesRead = file === undefined ? 0 : (await file.read(buffer, 0, chunkBytes, offset)).bytesRead
      if (bytesRead > 0) {
        offset += bytesRead
        yield {
          bytes: Uint8Array.prototype.slice.call(buffer, 0, bytesRead),
          at: now().toISOString(),
          cursor: `${offset}`,
        }
      } else if (last) return
      else await change.next()
    }
  } finally {
    change.close()
    await file?.close()
  }
}

interface Changes {
  /** Resolves at the next change, after a while without one, or when the signal is aborted. */
  next(): Promise<void>
  close(): void
}

function watchChanges(path: string, signal: AbortSignal): Changes {
  let wake = () => {}
  let pending = false
  const ring = () => {
    pending = true
    wake()
  }
  const watcher = watchIfThere(path, ring)
  signal.addEventListener("abort", ring)
  return {
    async next() {
      if (!pending) {
        const { promise, resolve } = Promise.withResolvers<void>()
        const timer = setTimeout(resolve, watcher === undefined ? 50 : rescanMilliseconds)
        wake = resolve
        await promise
        clearTimeout(timer)
      }
      pending = false
    },
    close() {
      watcher?.close()
      signal.removeEventListener("abort", ring)
    },
  }
}

function watchIfThere(path: string, ring: () => void): FSWatcher | undefined {
  try {
    return watch(path, { persistent: false }, ring).on("error", ring)
  } catch (error) {
    if (hasCode(error, "ENOENT") || hasCode(error, "ENOSPC") || hasCode(error, "EMFILE")) return undefined
    throw error
  }
}

async function openIfThere(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, "r")
  } catch (error) {
    if (hasCode(error, "ENOENT")) return undefined
    throw error
  }
}
