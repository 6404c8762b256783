import { defaultQueuedTimeout, type EndCause, parseDuration } from "@berth/spec"
import type { AttemptRow } from "../store/store.ts"

/** When an attempt will have waited or run for too long, and what is said then. */
export interface Deadline {
  /** Epoch milliseconds. */
  readonly at: number
  readonly cause: Extract<EndCause, { timeout: string }>
}

/** From stored times alone, so that a restart neither loses nor prolongs it. Undefined: no limit. */
export function deadlineOf(attempt: AttemptRow): Deadline | undefined {
  const { queued = defaultQueuedTimeout, running } = attempt.attempt.requirements.timeouts ?? {}
  if (attempt.started === undefined) return deadline("timeout.queued", attempt.created, queued)
  return running === undefined ? undefined : deadline("timeout.running", attempt.started, running)
}

/** The cause of a timeout that was written down when it was reached. */
export function writtenCause(attempt: AttemptRow): EndCause | undefined {
  const finding = attempt.findings?.find(({ code }) => code === "timeout.queued" || code === "timeout.running")
  if (finding === undefined) return undefined
  const { timeout } = finding.data as { timeout: string }
  return { kind: finding.code as Deadline["cause"]["kind"], timeout }
}

function deadline(kind: Deadline["cause"]["kind"], from: string, timeout: string): Deadline | undefined {
  const length = parseDuration(timeout)
  return length === undefined ? undefined : { at: Date.parse(from) + length, cause: { kind, timeout } }
}

/** When to look again for the deadline's sake. */
export function wakeAtDeadline(attempt: AttemptRow): { readonly wakeAt?: number } {
  const deadline = deadlineOf(attempt)
  return deadline === undefined ? {} : { wakeAt: deadline.at }
}
