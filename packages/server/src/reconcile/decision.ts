import type { Attempt, AttemptRef, Finding, Observation } from "@berth/spec"
import type { AttemptRow, RunChange, RunRow } from "../store/store.ts"

/** One thing to do outside the database. Each is idempotent by the attempt's uid. */
export type ReconcileAction =
  | { readonly type: "start"; readonly attempt: Attempt }
  | { readonly type: "stop"; readonly attempt: AttemptRef; readonly graceSeconds: number }
  /** `keepClaims`: the run goes on or may be resumed, so its own claims stay. */
  | { readonly type: "remove"; readonly attempt: AttemptRef; readonly keepClaims: boolean }
  /** The row and everything of it goes. */
  | { readonly type: "forget" }

/**
 * What one pass over a run does: `stop` and `remove` first, then the one write, then `start` and `forget`.
 *
 * So a crash between two steps is repaired by the next pass: what was stopped or removed without being written is
 * stopped or removed again, and what was written without being started is started.
 */
export interface Decision {
  readonly actions: readonly ReconcileAction[]
  readonly set?: NonNullable<RunChange["set"]>
  /** Rows to insert or replace. */
  readonly attempts?: readonly AttemptRow[]
  /** Epoch milliseconds of the next look when nothing happens before; not after `now` for one at once. */
  readonly wakeAt?: number
}

/** What there is to decide on, beside the rows. */
export interface DecideContext {
  /** ISO 8601 UTC. */
  readonly now: string
  /** A full list, taken after the current attempt was accepted, is in: what it lacks is absent. */
  readonly synced: boolean
  /** This process has seen the executor accept the current attempt. */
  readonly launched: boolean
  /** Between SIGTERM and SIGKILL. */
  readonly graceSeconds: number
  /** Why the last try to start the current attempt failed. */
  readonly startFindings?: readonly Finding[]
  /** Last lines of the current attempt's log, oldest first; known once it has ended. */
  readonly logTail?: readonly string[]
  /** What is to be said about the current attempt's log (`log.truncated`, `log.gap`). */
  readonly logFindings?: readonly Finding[]
}

/** Everything that `decide` looks at. */
export interface View {
  readonly row: RunRow
  /** By number, all that there ever were. */
  readonly attempts: readonly AttemptRow[]
  readonly observed: Observation | undefined
  readonly context: DecideContext
}

export type EndedObservation = Extract<Observation, { phase: "ended" }>

/** The attempt that may still be alive. */
export function liveAttempt(attempts: readonly AttemptRow[]): AttemptRow | undefined {
  const last = attempts.at(-1)
  return last === undefined || last.ended !== undefined ? undefined : last
}

export function toRef(row: AttemptRow): AttemptRef {
  return { uid: row.uid, project: row.project, run: row.run, number: row.number }
}

/** What is known of the attempt now; undefined: nothing yet. */
export function sightOf({ observed, context }: View, current: AttemptRow): Observation | "never accepted" | undefined {
  const isAbsent = observed === undefined ? context.synced : observed.phase === "absent"
  if (isAbsent && current.observation === undefined && !context.launched) return "never accepted"
  if (observed !== undefined || !context.synced) return observed
  return { attempt: toRef(current), at: context.now, phase: "absent" }
}
