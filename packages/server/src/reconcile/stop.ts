import { createFinding } from "@berth/spec"
import type { AttemptRow } from "../store/store.ts"
import { deadlineOf } from "./deadline.ts"
import { type Decision, toRef, type View } from "./decision.ts"

/** After SIGKILL was due, how long until a stop is asked for once more, without grace. */
export const stopMarginMs = 1000
/** From then on, how often. */
export const stopRetryMs = 5000

/** Whether the attempt has to end: somebody asked, or its time is over. */
export function wantsEnd({ row, context }: View, current: AttemptRow): boolean {
  return (
    row.desired !== "run" ||
    row.state === "STOP" ||
    current.stopRequested !== undefined ||
    isOverdue(current, context.now)
  )
}

function isOverdue(attempt: AttemptRow, now: string): boolean {
  const deadline = deadlineOf(attempt)
  return deadline !== undefined && Date.parse(now) >= deadline.at
}

interface StopStep {
  readonly attempt: AttemptRow
  readonly actions: Decision["actions"]
  readonly wakeAt?: number
}

/** SIGTERM once; where the end does not come in the time of grace and a little, again and again without grace. */
export function requestStop(view: View, current: AttemptRow): StopStep {
  const { context } = view
  const now = Date.parse(context.now)
  const graceMs = context.graceSeconds * 1000
  if (current.stopRequested === undefined) {
    return {
      attempt: { ...withCause(view, current), stopRequested: context.now },
      actions: [{ type: "stop", attempt: toRef(current), graceSeconds: context.graceSeconds }],
      wakeAt: now + graceMs + stopMarginMs,
    }
  }
  const dueAt = Date.parse(current.stopRequested) + graceMs + stopMarginMs
  if (now < dueAt) return { attempt: current, actions: [], wakeAt: dueAt }
  return {
    attempt: current,
    actions: [{ type: "stop", attempt: toRef(current), graceSeconds: 0 }],
    wakeAt: now + stopRetryMs,
  }
}

/** A timeout is written down when it is reached, so that the end, whenever it is seen, has its cause. */
export function withCause({ row, context }: View, attempt: AttemptRow): AttemptRow {
  const deadline = deadlineOf(attempt)
  if (row.desired !== "run" || deadline === undefined || Date.parse(context.now) < deadline.at) return attempt
  const { kind, timeout } = deadline.cause
  return { ...attempt, findings: [createFinding(kind, { timeout })] }
}
