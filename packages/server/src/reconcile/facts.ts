import type { Finding, Observation } from "@berth/spec"
import type { AttemptRow } from "../store/store.ts"

/** The attempt's row with what was seen of it. */
export function withFacts(row: AttemptRow, seen: Observation | undefined): AttemptRow {
  if (seen === undefined || seen.phase === "absent" || sameFacts(row.observation, seen)) return row
  const started = row.started ?? startOf(seen)
  return {
    ...row,
    observation: seen,
    ...(seen.parity !== undefined && { parity: seen.parity }),
    ...(started !== undefined && { started }),
  }
}

/** Whether two observations say the same; when they were made does not count. */
export function sameFacts(a: Observation | undefined, b: Observation): boolean {
  return a !== undefined && JSON.stringify({ ...a, at: "" }) === JSON.stringify({ ...b, at: "" })
}

/** When the program started; of one that is seen running without a time, when it was seen. */
function startOf(seen: Observation): string | undefined {
  if (seen.phase === "running") return seen.startedAt ?? seen.at
  return seen.phase === "ended" ? seen.startedAt : undefined
}

/** What the executor has to say about an attempt now. */
export function reasonsOf(observation: Observation | undefined): readonly Finding[] {
  if (observation === undefined || observation.phase === "absent") return []
  return observation.reasons ?? []
}
