import { BerthError, type LogLine, type LogQuery, routes } from "@berth/spec"
import { type CallOptions, toSignal } from "./call-options.ts"
import type { Context } from "./context.ts"
import { createPatience } from "./event-feed.ts"

/** Which lines of a run's log. */
export interface LogOptions extends CallOptions {
  /** Go on until the run has ended. Default false: what is there. */
  readonly follow?: boolean
  /** Begin with the last so many lines of what is there, 0 to 1,000,000. Default: from the beginning. */
  readonly tail?: number
  /** Only this container. Default: all. */
  readonly container?: string
  /** Only this attempt, 1 for the first. Default: all, one after another. */
  readonly attempt?: number
  /** Only lines seen since. */
  readonly since?: Date | string
}

/**
 * The lines of a run's log, in order. A connection that breaks is opened again after the last line that arrived.
 *
 * @throws BerthError `unavailable` after a minute without an answer.
 */
export async function* readLogs(
  context: Context,
  params: { readonly project: string; readonly run: string },
  options: LogOptions = {},
): AsyncGenerator<LogLine, void, undefined> {
  const signal = toSignal(options)
  const patience = createPatience()
  let lastEventId: string | undefined
  let delivered = 0
  while (true) {
    try {
      const query = toQuery(options, lastEventId !== undefined)
      for await (const event of await context.transport.stream("streamRunLogs", {
        params,
        query,
        signal,
        lastEventId,
      })) {
        patience.reset()
        if (event.event === "end") return
        if (event.id !== "") lastEventId = event.id
        const line = parseLine(event.data)
        if (line === undefined) continue
        delivered += 1
        yield line
      }
      if (options.follow !== true) return
    } catch (error) {
      const known = BerthError.from(error)
      // Without ids nobody can tell which lines have arrived.
      if (delivered > 0 && lastEventId === undefined) throw known
      patience.fail(known)
    }
    await patience.pause(signal)
  }
}

/** After a break the id says where to go on: a tail counted anew would skip lines. */
function toQuery({ follow, tail, container, attempt, since }: LogOptions, again: boolean): LogQuery {
  return {
    follow: follow ?? false,
    ...(tail !== undefined && !again && { tail }),
    ...(container !== undefined && { container }),
    ...(attempt !== undefined && { attempt }),
    ...(since !== undefined && { since: new Date(since).toISOString() }),
  }
}

function parseLine(data: string): LogLine | undefined {
  const parsed = routes.streamRunLogs.result.safeParse(JSON.parse(data))
  return parsed.success && "text" in parsed.data ? parsed.data : undefined
}
