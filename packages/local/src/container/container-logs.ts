import { setTimeout } from "node:timers/promises"
import type { Cancelable, Cursor, LogChunk } from "@berth/spec"
import { type Daemon, DaemonError } from "./daemon.ts"

export interface LogOptions extends Cancelable {
  readonly resume?: Cursor
  readonly phase: () => Promise<LogPhase>
  readonly now: () => Date
}

/**
 * `absent`: nothing to read yet; `ended`: nothing will ever be written again; `none`: nothing was ever written;
 * `gone`: what was written can be read no more.
 */
export type LogPhase = "absent" | "live" | "ended" | "none" | "gone"

/** Bytes delivered of stdout and of stderr: each comes back in the same order, the two not always interleaved alike. */
type Offsets = { 1: number; 2: number }

const checkMilliseconds = 1000
const againMilliseconds = 100

/**
 * Reads a container's output from the cursor on, until it has ended and every byte was delivered.
 *
 * The daemon keeps the whole log: each reading starts at its beginning and skips what was delivered. A stream that
 * outlives its container is cut and the rest read without following.
 */
export async function* readContainerLogs(daemon: Daemon, name: string, options: LogOptions): AsyncIterable<LogChunk> {
  const offsets = parseCursor(options.resume)
  while (!options.signal.aborted) {
    const phase = await options.phase()
    if (phase === "none") return
    if (phase === "gone") {
      const gap = "the container was removed before its output was read to the end"
      yield { bytes: new Uint8Array(), at: options.now().toISOString(), cursor: toCursor(offsets), gap }
      return
    }
    if (phase !== "absent") yield* readOnce(daemon, { name, offsets, follow: phase === "live" }, options)
    if (phase === "ended") return
    await setTimeout(againMilliseconds, undefined, { signal: options.signal }).catch(() => undefined)
  }
}

async function* readOnce(
  daemon: Daemon,
  { name, offsets, follow }: { readonly name: string; readonly offsets: Offsets; readonly follow: boolean },
  options: LogOptions,
): AsyncIterable<LogChunk> {
  const cut = new AbortController()
  const signal = AbortSignal.any([cut.signal, options.signal])
  const query = { stdout: "1", stderr: "1", follow: follow ? "1" : "0" }
  const watchdog = follow ? cutWhenEnded(cut, options) : undefined
  const seen: Offsets = { 1: 0, 2: 0 }
  try {
    for await (const { stream, bytes } of frames(daemon.stream("GET", `/containers/${name}/logs`, { query, signal }))) {
      const fresh = bytes.subarray(Math.max(0, offsets[stream] - seen[stream]))
      seen[stream] += bytes.length
      if (fresh.length === 0) continue
      offsets[stream] += fresh.length
      yield { bytes: Uint8Array.from(fresh), at: options.now().toISOString(), cursor: toCursor(offsets) }
    }
  } catch (error) {
    // The next look says whether it is gone, or a next reading goes on where this one was cut.
    const isGone = error instanceof DaemonError && error.status === 404
    if (!signal.aborted && !isGone) throw error
  } finally {
    watchdog?.[Symbol.dispose]()
    cut.abort()
  }
}

function cutWhenEnded(cut: AbortController, { phase }: LogOptions): Disposable {
  const timer = setInterval(async () => {
    const now = await phase().catch(() => "live")
    if (now === "ended") cut.abort()
  }, checkMilliseconds)
  return { [Symbol.dispose]: () => clearInterval(timer) }
}

/** Takes the daemon's frames apart: a byte that names the stream, three zeros, the length, the bytes. */
async function* frames(source: AsyncIterable<Uint8Array>): AsyncIterable<{ stream: 1 | 2; bytes: Uint8Array }> {
  let rest = Buffer.alloc(0)
  for await (const bytes of source) {
    rest = Buffer.concat([rest, bytes])
    while (rest.length >= 8) {
      const end = 8 + rest.readUInt32BE(4)
      if (rest.length < end) break
      yield { stream: rest[0] === 2 ? 2 : 1, bytes: rest.subarray(8, end) }
      rest = rest.subarray(end)
    }
  }
}

function toCursor(offsets: Offsets): Cursor {
  return `${offsets[1]},${offsets[2]}`
}

function parseCursor(cursor: Cursor | undefined): Offsets {
  const [out = 0, err = 0] = (cursor ?? "0,0").split(",").map(Number)
  return { 1: out, 2: err }
}
