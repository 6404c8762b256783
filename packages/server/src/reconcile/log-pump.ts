import { type AttemptRef, BerthError, createFinding, type Executor, type Finding, type LogSource } from "@berth/spec"
import type { LogAppend, LogStore } from "../store/store.ts"
import { LogStream } from "./log-stream.ts"
import type { Patterns } from "./mask.ts"
import { aborted, within } from "./wait.ts"

/** An attempt keeps so many bytes of log. */
export const maxLogBytes = 256 * 1024 ** 2
/** An ended attempt's log is complete, or ends with a gap once nothing has come for so long. */
export const drainIdleMs = 2000
const drainStepMs = 100

const evidenceLines = 20
/** A line longer than this is shown by its end. */
const evidenceLineLength = 400

export interface LogPumpOptions {
  readonly logs: LogStore
  readonly executor: Pick<Executor, "logs">
  patterns(project: string): Promise<Patterns>
  onError(attempt: AttemptRef, error: unknown): void
  random(): number
  /** Default {@link maxLogBytes}. */
  readonly maxBytes?: number
}

/** What is left to write when an attempt has ended. */
export interface Drained {
  /** The last chunks; they go into the transaction of the final state. */
  readonly appends: readonly LogAppend[]
  /** Last lines, oldest first. */
  readonly tail: readonly string[]
  readonly findings: readonly Finding[]
}

/** Moves what attempts write from the executor into the store. */
export interface LogPump {
  /** Reads from these sources from now on. */
  follow(attempt: AttemptRef, sources: readonly LogSource[]): void
  /** Reads to the end. The same answer again until the attempt is released. */
  drain(attempt: AttemptRef, sources: readonly LogSource[]): Promise<Drained>
  /** What was drained is written, or nobody wants it any more. */
  release(attempt: AttemptRef): Promise<void>
  /** Stores what is whole and reads no further. */
  close(): Promise<void>
}

interface Followed {
  readonly streams: Map<string, LogStream>
  /** Length of every stream of the attempt, by name. */
  readonly lengths: Map<string, number>
}

export function createLogPump(options: LogPumpOptions): LogPump {
  const attempts = new Map<string, Followed>()
  const stop = new AbortController()

  function followedOf(attempt: AttemptRef): Followed {
    const known = attempts.get(attempt.uid)
    if (known !== undefined) return known
    const followed: Followed = { streams: new Map(), lengths: new Map() }
    attempts.set(attempt.uid, followed)
    return followed
  }

  function follow(attempt: AttemptRef, sources: readonly LogSource[]): Followed {
    const followed = followedOf(attempt)
    for (const source of sources) {
      const name = nameOf(source)
      if (followed.streams.has(name) || stop.signal.aborted) continue
      followed.streams.set(name, openStream(attempt, source, followed.lengths))
    }
    return followed
  }

  function openStream(attempt: AttemptRef, source: LogSource, lengths: Map<string, number>): LogStream {
    const name = nameOf(source)
    return new LogStream(source, {
      ...options,
      signal: stop.signal,
      onError: (error) => options.onError(attempt, error),
      room(length) {
        lengths.set(name, length)
        const total = [...lengths.values()].reduce((sum, each) => sum + each, 0)
        return (options.maxBytes ?? maxLogBytes) - total
      },
    })
  }

  return {
    follow: (attempt, sources) => void follow(attempt, sources),
    async drain(attempt, sources) {
      const { streams } = follow(attempt, sources)
      await Promise.all([...streams.values()].map((stream) => drainStream(stream, stop.signal)))
      return toDrained([...streams.values()], options.maxBytes ?? maxLogBytes)
    },
    async release(attempt) {
      const streams = [...(attempts.get(attempt.uid)?.streams.values() ?? [])]
      attempts.delete(attempt.uid)
      await Promise.all(streams.map((stream) => stream.close()))
    },
    async close() {
      stop.abort()
      const streams = [...attempts.values()].flatMap((followed) => [...followed.streams.values()])
      await Promise.all(streams.map((stream) => stream.close()))
    },
  }
}

/**
 * Waits in small steps: a server that was held up for as long as the patience lasts looks again before it gives up.
 *
 * @throws BerthError `canceled` when the server ends first: the rest is read after its next start
 */
async function drainStream(stream: LogStream, signal: AbortSignal): Promise<void> {
  const stopped = aborted(signal)
  let steps = 0
  for (let before = stream.received; steps < drainIdleMs / drainStepMs; steps++) {
    if (signal.aborted) throw new BerthError("canceled", "The server ends; the log is read on after its next start.")
    if ((await within(Promise.race([stream.ended, stopped]), drainStepMs)) === "ended") return
    if (stream.received > before) steps = 0
    before = stream.received
  }
  await stream.giveUp("its end could not be read in time")
}

function toDrained(streams: readonly LogStream[], limitBytes: number): Drained {
  const gaps = [...new Set(streams.flatMap((stream) => stream.gaps))]
  const isCut = streams.some((stream) => stream.truncated)
  return {
    appends: streams.map((stream) => stream.rest()).filter(({ chunks }) => chunks.length > 0),
    tail: streams.length === 1 ? lastLines(streams[0]?.tail()) : [],
    findings: [
      ...(isCut ? [createFinding("log.truncated", { limitBytes })] : []),
      ...gaps.map((reason) => createFinding("log.gap", { reason })),
    ],
  }
}

function lastLines(bytes: Buffer | undefined): readonly string[] {
  const lines = (bytes ?? Buffer.alloc(0)).toString("utf8").replace(/\n$/, "").split("\n")
  return lines
    .filter((line) => line !== "")
    .slice(-evidenceLines)
    .map((line) => line.slice(-evidenceLineLength))
}

function nameOf({ instance, container }: LogSource): string {
  return `${instance}/${container}`
}
