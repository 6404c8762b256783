import { type Attempt, type Exit, parseQuantity, type Requirements, toUnits } from "@berth/spec"
import { attemptUid } from "../names.ts"
import type { AttemptRow, RunRow } from "../store/store.ts"
import { failureOf } from "./failure.ts"

/** The row of a run's first or next attempt; after an out-of-memory kill with more memory. */
export function nextAttempt(
  row: RunRow & Required<Pick<RunRow, "built">>,
  last: AttemptRow | undefined,
  now: string,
): AttemptRow {
  const number = (last?.number ?? 0) + 1
  const uid = attemptUid(row.project, row.id, number)
  const attempt: Attempt = {
    ...row.built.attempt,
    requirements: nextRequirements(row.built.requirements, last),
    uid,
    number,
  }
  return { uid, project: row.project, run: row.id, number, attempt, created: now }
}

/** What was raised stays raised, whatever ends the attempts in between. */
function nextRequirements(built: Requirements, last: AttemptRow | undefined): Requirements {
  if (last === undefined) return built
  const before = last.attempt.requirements
  const observation = last.observation
  if (failureOf(last) !== "outOfMemory" || observation?.phase !== "ended") return before
  return withMoreMemory(before, observation.exit)
}

const bytesPerMi = 1024 ** 2

/** Half as much again as its peak, and in any case more than its limit: limit and request, where they were set. */
export function withMoreMemory(requirements: Requirements, exit: Exit): Requirements {
  const memory = requirements.resources?.mem
  const limit = memory?.limits === undefined ? undefined : parseQuantity(memory.limits)
  const limitBytes = limit === undefined ? exit.memoryLimitBytes : toUnits(limit)
  const base = Math.max(exit.peakMemoryBytes ?? 0, limitBytes ?? 0)
  if (memory === undefined || base === 0) return requirements
  const raised = `${Math.ceil((base * 1.5) / bytesPerMi)}Mi`
  return {
    ...requirements,
    resources: {
      ...requirements.resources,
      mem: {
        ...(memory.requests !== undefined && { requests: raised }),
        ...(memory.limits !== undefined && { limits: raised }),
      },
    },
  }
}
