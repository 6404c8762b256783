import { isAtRest } from "@berth/spec"
import type { AttemptRow } from "../store/store.ts"
import { changed } from "./changed.ts"
import { type Decision, liveAttempt, sightOf, toRef, type View } from "./decision.ts"
import { withFacts } from "./facts.ts"
import { requestStop } from "./stop.ts"

/** Ends what is alive, with grace; then everything outside goes, then the row. */
export function decideDelete(view: View): Decision {
  const { row, attempts } = view
  const current = liveAttempt(attempts)
  const ending = current === undefined || isGone(view, current) ? undefined : endFirst(view, current)
  if (ending !== undefined) return ending
  const leftover = attempts.filter((attempt) => attempt.removed === undefined || attempt === attempts.at(-1))
  const removals = leftover.map((attempt) => ({ type: "remove", attempt: toRef(attempt), keepClaims: false }) as const)
  return {
    actions: [...removals, { type: "forget" }],
    ...(row.state !== "DELETING" && !isAtRest(row.state) && { set: { state: "DELETING" } }),
  }
}

/** The stop of what is alive; undefined once its grace is over: then it is removed as it is. */
function endFirst(view: View, current: AttemptRow): Decision | undefined {
  const { attempt, actions, wakeAt } = requestStop(view, withFacts(current, view.observed))
  if (current.stopRequested !== undefined && actions.length > 0) return undefined
  const set = changed(view.row, { state: "DELETING", message: "Being deleted." })
  return {
    actions,
    ...(set !== undefined && { set }),
    ...(attempt !== current && { attempts: [attempt] }),
    ...(wakeAt !== undefined && { wakeAt }),
  }
}

function isGone(view: View, current: AttemptRow): boolean {
  const sight = sightOf(view, current)
  return sight === "never accepted" || sight?.phase === "ended" || sight?.phase === "absent"
}
