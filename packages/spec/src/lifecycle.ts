import type { Action } from "./entity.ts"

/**
 * The states of a run, with DigitalHub's names, on the wire and in TypeScript.
 *
 * CREATED → BUILT → READY → PENDING → RUNNING → one outcome. Between attempts a run is PENDING.
 */
export const runStates = [
  "CREATED",
  "BUILT",
  "READY",
  "PENDING",
  "RUNNING",
  "STOP",
  "RESUME",
  "STOPPED",
  "COMPLETED",
  "ERROR",
  "DELETING",
  "DELETED",
] as const

/** A state of a run. */
export type RunState = (typeof runStates)[number]

/**
 * The one transition table: from each state, every state that may follow.
 *
 * A step that was not seen may be skipped (READY → COMPLETED: it ended before anybody looked), an outcome never
 * becomes another, and deletion is open from everywhere.
 */
export const transitions = {
  CREATED: ["BUILT", "READY", "PENDING", "RUNNING", "STOP", "STOPPED", "ERROR", "DELETING"],
  BUILT: ["READY", "PENDING", "RUNNING", "STOP", "STOPPED", "ERROR", "DELETING"],
  READY: ["PENDING", "RUNNING", "STOP", "STOPPED", "COMPLETED", "ERROR", "DELETING"],
  PENDING: ["RUNNING", "STOP", "STOPPED", "COMPLETED", "ERROR", "DELETING"],
  RUNNING: ["PENDING", "STOP", "STOPPED", "COMPLETED", "ERROR", "DELETING"],
  STOP: ["STOPPED", "COMPLETED", "ERROR", "DELETING"],
  RESUME: ["READY", "PENDING", "RUNNING", "STOP", "STOPPED", "COMPLETED", "ERROR", "DELETING"],
  STOPPED: ["RESUME", "DELETING", "DELETED"],
  COMPLETED: ["DELETING", "DELETED"],
  ERROR: ["DELETING", "DELETED"],
  DELETING: ["DELETED"],
  DELETED: [],
} as const satisfies Record<RunState, readonly RunState[]>

const restingStates: ReadonlySet<RunState> = new Set<RunState>(["STOPPED", "COMPLETED", "ERROR", "DELETED"])
const stoppableStates: ReadonlySet<RunState> = new Set<RunState>([
  "CREATED",
  "BUILT",
  "READY",
  "PENDING",
  "RUNNING",
  "RESUME",
])
const resumableActions: ReadonlySet<string> = new Set<Action>(["serve", "deploy"])

/**
 * Whether a run may go from one state to another. Staying is no transition.
 *
 * @param action - Of the run. Only `serve` and `deploy` may leave STOPPED by RESUME; default: as for them.
 */
export function canTransition(from: RunState, to: RunState, action?: string): boolean {
  const next: readonly RunState[] = transitions[from]
  if (!next.includes(to)) return false
  return to !== "RESUME" || action === undefined || resumableActions.has(action)
}

/** True where a run moves no further unless somebody asks: STOPPED, COMPLETED, ERROR, DELETED. Waiting ends here. */
export function isAtRest(state: RunState): boolean {
  return restingStates.has(state)
}

/**
 * True where a run can only be deleted any more. STOPPED of `serve` and `deploy` is at rest, not final.
 *
 * @param action - Of the run. Default `job`.
 */
export function isFinal(state: RunState, action = "job"): boolean {
  return isAtRest(state) && !canResume(state, action)
}

/** Whether a stop is accepted: while there is something to stop or to keep from starting. */
export function canStop(state: RunState): boolean {
  return stoppableStates.has(state)
}

/** Whether a resume is accepted: a stopped `serve` or `deploy`. */
export function canResume(state: RunState, action: string): boolean {
  return state === "STOPPED" && resumableActions.has(action)
}

/** Whether a deletion is accepted: until it has begun. */
export function canDelete(state: RunState): boolean {
  return state !== "DELETING" && state !== "DELETED"
}
