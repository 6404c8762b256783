import { BerthError, isAtRest, type RunEntity } from "@berth/spec"
import { pause } from "./back-off.ts"
import { type CallOptions, toSignal } from "./call-options.ts"
import type { Context } from "./context.ts"
import { createPatience, type FeedNews } from "./event-feed.ts"

/** How long to wait for a run, and for what. */
export interface WaitOptions extends CallOptions {
  /**
   * `terminal`: until it moves no further (COMPLETED, ERROR, STOPPED, DELETED). `ready`: until a served function
   * answers on its port, or moves no further. Default `terminal`.
   */
  readonly until?: "terminal" | "ready"
}

/** Between two reads, milliseconds: while the event stream is down, and while it is silent. */
const pollMilliseconds = { disconnected: 1000, connected: 30_000 } as const

/**
 * Waits until a run is there where the caller wants it, on the project's event stream, and by polling while that is
 * down. Gives every new state of the run to `onUpdate`, and the last one back.
 */
export async function waitForRun(
  context: Context,
  start: RunEntity,
  options: WaitOptions & { readonly onUpdate?: ((run: RunEntity) => void) | undefined },
): Promise<RunEntity> {
  const signal = toSignal(options)
  const isDone = options.until === "ready" ? isReady : (run: RunEntity) => isAtRest(run.status.state)
  let run = start
  const take = (next: RunEntity) => {
    // An event that was under way while the run was read may be older than what was read.
    if (isEarlier(next, run) || isSame(next, run)) return
    run = next
    options.onUpdate?.(run)
  }
  if (isDone(run)) return run
  const inbox = createInbox()
  const unsubscribe = context.feed(run.project).subscribe(inbox.push)
  try {
    const patience = createPatience()
    for (let connected = false; ; ) {
      const news = await inbox.next(signal, pollMilliseconds[connected ? "connected" : "disconnected"])
      if (news?.type === "run" && news.run.id === run.id) take(news.run)
      else if (news?.type === "deleted" && news.run === run.id) take(toDeleted(run))
      else if (news === undefined || news.type === "connected") {
        connected ||= news !== undefined
        take(await readRun(context, run, { signal, patience }))
      } else if (news.type === "disconnected") connected = false
      if (isDone(run)) return run
    }
  } finally {
    unsubscribe()
  }
}

async function readRun(
  context: Context,
  run: RunEntity,
  { signal, patience }: { signal: AbortSignal; patience: ReturnType<typeof createPatience> },
): Promise<RunEntity> {
  try {
    const { project, id } = run
    const read = await context.transport.call("readRun", { params: { project, id }, signal })
    patience.reset()
    return read
  } catch (error) {
    const known = BerthError.from(error)
    if (known.code === "not_found") return toDeleted(run)
    patience.fail(known)
    return run
  }
}

function isReady(run: RunEntity): boolean {
  return isAtRest(run.status.state) || run.status.service !== undefined
}

function isSame(a: RunEntity, b: RunEntity): boolean {
  return a === b || JSON.stringify(a.status) === JSON.stringify(b.status)
}

const phases = ["waiting", "running", "ended"] as const

/** A run only gains transitions, and attempts, and its last attempt only goes forward: whatever has less is older. */
function isEarlier(a: RunEntity, b: RunEntity): boolean {
  const [left, right] = [toProgress(a), toProgress(b)]
  const first = left.findIndex((value, index) => value !== right[index])
  return first !== -1 && (left[first] ?? 0) < (right[first] ?? 0)
}

function toProgress({ status: { transitions = [], attempts = [] } }: RunEntity): readonly number[] {
  const last = attempts.at(-1)
  return [transitions.length, attempts.length, last === undefined ? -1 : phases.indexOf(last.phase)]
}

/** The run as it was last seen, gone. */
function toDeleted(run: RunEntity): RunEntity {
  return { ...run, status: { ...run.status, state: "DELETED" } }
}

interface Inbox {
  readonly push: (news: FeedNews) => void
  /** The next piece of news; undefined when none came within the time. */
  next(signal: AbortSignal, milliseconds: number): Promise<FeedNews | undefined>
}

function createInbox(): Inbox {
  const waiting: FeedNews[] = []
  let wake: (() => void) | undefined
  return {
    push(news) {
      waiting.push(news)
      wake?.()
    },
    async next(signal, milliseconds) {
      if (waiting.length === 0) {
        const done = new AbortController()
        const limit = pause(milliseconds, AbortSignal.any([signal, done.signal])).catch((error) => {
          if (signal.aborted) throw error
        })
        const arrival = new Promise<void>((resolve) => {
          wake = resolve
        })
        await Promise.race([limit, arrival]).finally(() => done.abort())
      }
      return waiting.shift()
    },
  }
}
