import type { Run } from "@berth/sdk"
import { defaultQueuedTimeout, isAtRest, isJsonObject, parseDuration } from "@berth/spec"
import { formatEnd } from "./follow.ts"
import { formatWait } from "./numbers.ts"

/**
 * Where a run stands, in one line: `PENDING for 3 m 12 s · gives up in 23 h 56 m`, `RUNNING for 8 s · answers at
 * http://…`, `ERROR in 4 m 8 s   attempt 2 of 2`.
 *
 * @param now - Epoch milliseconds.
 */
export function formatStanding(run: Run, now: number): string {
  const { state, status } = run
  if (isAtRest(state)) return formatEnd(run).trim()
  const since = Date.parse(status.transitions?.[0]?.time ?? run.entity.metadata.created)
  const attempt = status.attempts?.length ?? 1
  const limit = limitOf(run)
  return [
    `${state} for ${formatWait(now - since)}`,
    ...(attempt > 1 ? [`attempt ${attempt}`] : []),
    ...(limit === undefined ? [] : [`gives up in ${formatWait(since + limit - now)}`]),
    ...(status.service?.url === undefined || state !== "RUNNING" ? [] : [`answers at http://${status.service.url}`]),
  ].join(" · ")
}

/** How long the run may stay in its state, in milliseconds; undefined: as long as it takes. */
function limitOf({ state, status }: Run): number | undefined {
  const timeouts = status.resolved?.requirements.timeouts
  const given = isJsonObject(timeouts) ? timeouts : {}
  const text =
    state === "PENDING" ? (given.queued ?? defaultQueuedTimeout) : state === "RUNNING" ? given.running : undefined
  return typeof text === "string" ? parseDuration(text) : undefined
}
