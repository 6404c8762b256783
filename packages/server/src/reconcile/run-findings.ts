import { createFinding, type Finding } from "@berth/spec"
import type { AttemptRow, RunRow } from "../store/store.ts"
import { type FailureClass, failureOf } from "./failure.ts"

const causeWords = {
  user: "the program failed",
  infrastructure: "the infrastructure took it away",
  outOfMemory: "out of memory",
} as const satisfies Record<FailureClass, string>

/**
 * Everything a run has to say now: what its building found, what became of its earlier attempts, what is said about
 * it at this moment.
 */
export function runFindings(
  row: RunRow,
  attempts: readonly AttemptRow[],
  present: readonly Finding[],
): readonly Finding[] {
  return [...(row.built?.findings ?? []), ...attempts.flatMap((attempt) => historyOf(attempt, attempts)), ...present]
}

function historyOf(attempt: AttemptRow, attempts: readonly AttemptRow[]): readonly Finding[] {
  const next = attempts.find((other) => other.number === attempt.number + 1)
  const failure = failureOf(attempt)
  if (next === undefined || failure === undefined) return []
  const retried = createFinding("run.retried", {
    attempt: attempt.number,
    next: next.number,
    cause: causeWords[failure],
  })
  const from = memoryOf(attempt)
  const to = memoryOf(next)
  if (to === undefined || from === to) return [retried]
  return [
    retried,
    createFinding("run.memory_raised", { attempt: next.number, to, ...(from !== undefined && { from }) }),
  ]
}

function memoryOf(attempt: AttemptRow): string | undefined {
  const memory = attempt.attempt.requirements.resources?.mem
  return memory?.limits ?? memory?.requests
}
