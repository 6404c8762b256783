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
