import type { Attempt, AttemptRef, Finding, Observation, Parity, Service } from "@berth/spec"
import type { EngineState } from "./engine.ts"
import type { Places } from "./places.ts"

/** What this process knows of one attempt; all of it can be read again from disk. */
export interface AttemptRecord {
  readonly attempt: Attempt
  readonly places: Places
  /** As last read from the engine. */
  state: EngineState
  /** Why it waits, or what is worth saying while it runs. */
  reasons: readonly Finding[]
  parity: readonly Parity[]
  /** Set while it is prepared and handed over. */
  launching?: { readonly abort: AbortController; readonly done: Promise<void> } | undefined
  service?: Service | undefined
  /** Its launch failed: it is tried again after this time, in milliseconds. */
  restUntil?: number
  /** Devices leased to it. */
  gpus?: readonly number[]
  /** The last observation that was given out, as text. */
  published?: string
}

export function toReference({ uid, project, run, number }: AttemptRef): AttemptRef {
  return { uid, project, run, number }
}

/** What an observer is told about the attempt. */
export function toObservation(
  record: AttemptRecord,
  place: { readonly node: string; readonly at: string },
): Observation {
  const { attempt, state, parity, reasons, service } = record
  const reference = { attempt: toReference(attempt), at: place.at }
  if (state.phase === "unstarted") return { ...reference, phase: "waiting", reasons, parity }
  const facts = {
    ...reference,
    ...(state.startedAt !== undefined && { startedAt: state.startedAt }),
    node: place.node,
    logs: [{ attempt: toReference(attempt), instance: `local-${attempt.number}`, container: "main" }],
    parity,
  }
  if (state.phase === "ended") return { ...facts, phase: "ended", exit: state.exit }
  return {
    ...facts,
    phase: "running",
    ...(service !== undefined && { service }),
    ...(reasons.length > 0 && { reasons }),
  }
}

/** True while it holds its share of the node. */
export function isLive(record: AttemptRecord): boolean {
  const { phase } = record.state
  return phase === "running" || (record.launching !== undefined && phase !== "ended")
}

/** True while nobody has begun to start it. */
export function isWaiting(record: AttemptRecord): boolean {
  return record.launching === undefined && record.state.phase === "unstarted"
}
