import { BerthError, type ProjectEvent, routes } from "@berth/spec"
import { backOffMilliseconds, pause } from "./back-off.ts"
import type { ServerSentEvent } from "./sse.ts"
import type { Transport } from "./transport.ts"

/** What a waiter hears of its project. */
export type FeedNews =
  /** The stream is open, or a gap was closed: read what you wait for once, then trust the events. */
  | { readonly type: "connected" }
  /** The stream is down: poll until it is back. */
  | { readonly type: "disconnected" }
  | Exclude<ProjectEvent, { readonly type: "reset" }>

/** One event stream of one project, shared by everybody who waits there, open only while somebody does. */
export interface EventFeed {
  /** Hears every piece of news from now on, until the function it returns is called. */
  subscribe(listener: (news: FeedNews) => void): () => void
}

/** Creates the feed of a project. */
export function createEventFeed(transport: Transport, project: string): EventFeed {
  const listeners = new Set<(news: FeedNews) => void>()
  let connection: { readonly abort: AbortController; connected: boolean } | undefined

  function tell(news: FeedNews): void {
    for (const listener of [...listeners]) listener(news)
  }

  function open(): void {
    const current = { abort: new AbortController(), connected: false }
    connection = current
    const onNews = (news: FeedNews) => {
      if (connection !== current) return
      if (news.type === "connected") current.connected = true
      if (news.type === "disconnected") current.connected = false
      tell(news)
    }
    void follow({ transport, project, signal: current.abort.signal, onNews })
  }

  return {
    subscribe(listener) {
      listeners.add(listener)
      if (connection === undefined) open()
      else if (connection.connected) queueMicrotask(() => listeners.has(listener) && listener({ type: "connected" }))
      else listener({ type: "disconnected" })
      return () => {
        listeners.delete(listener)
        if (listeners.size > 0) return
        connection?.abort.abort()
        connection = undefined
      }
    },
  }
}

interface Following {
  readonly transport: Transport
  readonly project: string
  readonly signal: AbortSignal
  readonly onNews: (news: FeedNews) => void
}

/** Reads the stream again and again until the signal is aborted. Never throws: waiters poll and learn the reason. */
async function follow({ transport, project, signal, onNews }: Following): Promise<void> {
  let lastEventId: string | undefined
  for (let failures = 0; !signal.aborted; failures += 1) {
    try {
      const stream = await transport.stream("streamEvents", { params: { project }, signal, lastEventId })
      onNews({ type: "connected" })
      for await (const event of stream) {
        failures = 0
        lastEventId = event.id
        const news = parseEvent(event)
        if (news !== undefined) onNews(news.type === "reset" ? { type: "connected" } : news)
      }
    } catch (error) {
      if (signal.aborted) return
      if (!isTransient(BerthError.from(error))) return onNews({ type: "disconnected" })
    }
    onNews({ type: "disconnected" })
    await pause(backOffMilliseconds(failures), signal).catch(() => undefined)
  }
}

/**
 * The events of a project, for as long as the caller reads. A connection that breaks is opened again where it broke;
 * a `reset` event says that something was missed.
 *
 * @throws BerthError `unavailable` after a minute without an answer; what the server refuses at once.
 */
export async function* readEvents(
  transport: Transport,
  { project, signal, after }: { project: string; signal: AbortSignal; after?: number | undefined },
): AsyncGenerator<ProjectEvent> {
  let lastEventId = after === undefined ? undefined : String(after)
  const patience = createPatience()
  while (true) {
    try {
      for await (const event of await transport.stream("streamEvents", { params: { project }, signal, lastEventId })) {
        patience.reset()
        lastEventId = event.id
        const parsed = parseEvent(event)
        if (parsed !== undefined) yield parsed
      }
    } catch (error) {
      patience.fail(BerthError.from(error))
    }
    await patience.pause(signal)
  }
}

/** A kind of event that this version does not know is none of its business. */
function parseEvent({ data }: ServerSentEvent): ProjectEvent | undefined {
  const parsed = routes.streamEvents.result.safeParse(JSON.parse(data))
  return parsed.success ? parsed.data : undefined
}

/** How long an unreachable server is waited for before a wait gives up: a restart takes seconds. */
const patienceMilliseconds = 60_000

/** Bears with a server that does not answer, for a minute. */
export interface Patience {
  /** An answer came. */
  reset(): void
  /** No answer came: throws when it was not the server's absence, or when the minute is over. */
  fail(error: BerthError): void
  /** Waits before the next try, longer each time. */
  pause(signal: AbortSignal): Promise<void>
}

/** Creates patience that has not been tried yet. */
export function createPatience(now: () => number = Date.now): Patience {
  let failures = 0
  let since: number | undefined
  return {
    reset() {
      failures = 0
      since = undefined
    },
    fail(error) {
      since ??= now()
      if (!isTransient(error) || now() - since > patienceMilliseconds) throw error
    },
    async pause(signal) {
      await pause(backOffMilliseconds(failures), signal)
      failures += 1
    },
  }
}

/** Whether asking again later may help. */
function isTransient({ code }: BerthError): boolean {
  return code === "unavailable" || code === "exhausted"
}
