import type { Exit, Retries } from "@berth/spec"
import type { AttemptRow } from "../store/store.ts"

/** Causes of a failure that have a budget of new attempts. */
export type FailureClass = keyof Retries

export const defaultRetries = { user: 0, infrastructure: 3, outOfMemory: 0 } as const satisfies Required<Retries>

/** Ends without a budget are not here: a stop, a program that could not start, too much scratch data. */
const classByReason: Partial<Record<Exit["reason"], FailureClass>> = {
  exited: "user",
  signaled: "user",
  oom: "outOfMemory",
  lost: "infrastructure",
  disrupted: "infrastructure",
}

/** Which budget pays for a new attempt after this end; undefined when none does. */
export function failureClass(exit: Exit): FailureClass | undefined {
  return classByReason[exit.reason]
}

/** The same of a stored attempt; undefined for one that has not ended, was stopped or timed out. */
export function failureOf(attempt: AttemptRow): FailureClass | undefined {
  const observation = attempt.observation
  if (observation?.phase !== "ended" || attempt.stopRequested !== undefined) return undefined
  return failureClass(observation.exit)
}

/** Whether a failure of the class may still be followed by a new attempt. A stop of a service begins a new count. */
export function hasBudget(failure: FailureClass, attempts: readonly AttemptRow[], retries: Retries): boolean {
  const lastStop = attempts.findLastIndex((attempt) => attempt.stopRequested !== undefined)
  const used = attempts.slice(lastStop + 1).filter((attempt) => failureOf(attempt) === failure).length
  return used < (retries[failure] ?? defaultRetries[failure])
}
