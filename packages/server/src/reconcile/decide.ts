import { canResume, createFinding, isAtRest, isFinal, type Observation, type RunState } from "@berth/spec"
import type { AttemptRow, RunRow } from "../store/store.ts"
import { wakeAtDeadline } from "./deadline.ts"
import { decideDelete } from "./decide-delete.ts"
import { decideLive } from "./decide-live.ts"
import { type DecideContext, type Decision, liveAttempt, toRef, type View } from "./decision.ts"
import { nextAttempt } from "./next-attempt.ts"
import { runFindings } from "./run-findings.ts"

const nothing: Decision = { actions: [] }

/**
 * What one pass over a run does. Pure and level-based: it looks at the row, at what the executor last said and at the
 * clock, never at how they came to be.
 *
 * @param attempts - Of the run, by number.
 * @param observed - The last facts about the last attempt; undefined: none came in yet.
 */
export function decide(
  row: RunRow,
  attempts: readonly AttemptRow[],
  facts: { readonly observed: Observation | undefined; readonly context: DecideContext },
): Decision {
  const view: View = { row, attempts, ...facts }
  if (row.desired === "delete") return decideDelete(view)
  if (row.clientExecuted) return decideClientExecuted(view)
  const current = liveAttempt(attempts)
  return current === undefined ? decideIdle(view) : decideLive(view, current)
}

/** Nothing of the run is alive: clean up, then rest, stop or go on. */
function decideIdle(view: View): Decision {
  const { row, attempts, context } = view
  const leftover = attempts.filter((attempt) => attempt.removed === undefined)
  if (leftover.length > 0) {
    const keepClaims = row.desired === "run" ? !isFinal(row.state, row.action) : canResume(row.state, row.action)
    return {
      actions: leftover.map((attempt) => ({ type: "remove", attempt: toRef(attempt), keepClaims })),
      attempts: leftover.map((attempt) => ({ ...attempt, removed: context.now })),
      wakeAt: Date.parse(context.now),
    }
  }
  if (isFinal(row.state, row.action)) return nothing
  if (row.state === "STOPPED") return row.desired === "run" ? launch(view, "RESUME") : nothing
  if (row.desired === "stop") return stopBeforeStart(view)
  return launch(view, "PENDING")
}

function launch(view: View, state: RunState): Decision {
  const { row, attempts, context } = view
  if (row.built === undefined) return nothing
  const attempt = nextAttempt({ ...row, built: row.built }, attempts.at(-1), context.now)
  return {
    actions: [{ type: "start", attempt: attempt.attempt }],
    set: {
      state,
      message: "Accepted.",
      findings: runFindings(row, [...attempts, attempt], []),
      service: undefined,
      reason: undefined,
      finished: undefined,
    },
    attempts: [attempt],
    ...wakeAtDeadline(attempt),
  }
}

/** Also between two attempts: what was kept for the next one goes, unless a resume may want it. */
function stopBeforeStart({ row, attempts, context }: View): Decision {
  const finding = createFinding("run.stopped", {})
  const last = canResume("STOPPED", row.action) ? undefined : attempts.at(-1)
  return {
    actions: last === undefined ? [] : [{ type: "remove", attempt: toRef(last), keepClaims: false }],
    set: {
      state: "STOPPED",
      message: finding.message,
      reason: finding.code,
      findings: runFindings(row, attempts, [finding]),
      finished: context.now,
    },
  }
}

/** The client executes and writes the states; only a stop is left to do. */
function decideClientExecuted(view: View): Decision {
  return view.row.desired === "stop" && !isAtRest(view.row.state) ? stopBeforeStart(view) : nothing
}
