import {
  type AttemptStatus,
  type BuiltRun,
  type Parity,
  type ResolvedRun,
  type RunEntity,
  type RunStatus,
  toWire,
} from "@berth/spec"
import type { AttemptRow, RunRow, Store, TransitionRow } from "../store/store.ts"
import { dropNulls } from "./envelope.ts"

/** What is shown of a run beside its row. */
interface Details {
  readonly transitions?: readonly TransitionRow[]
  readonly attempts?: readonly AttemptRow[]
}

/** A run with all that is known of it. */
export async function readRunEntity(store: Store, row: RunRow): Promise<RunEntity> {
  const [transitions, attempts] = await Promise.all([
    store.runs.transitions(row.project, row.id),
    store.runs.attempts(row.project, row.id),
  ])
  return toRun(row, { transitions, attempts })
}

/** A run as the wire shows it; what the server says of it wins over what clients put into the status. */
export function toRun(row: RunRow, details: Details = {}): RunEntity {
  const { project, id, name, kind } = row
  return {
    id,
    project,
    name,
    kind,
    key: `store://${project}/run/${kind}/${id}:${id}`,
    user: row.user,
    metadata: { ...dropNulls(row.metadata), updated: row.updated },
    spec: dropNulls(row.spec),
    ...(row.extensions !== undefined && { extensions: row.extensions }),
    status: toStatus(row, details),
  }
}

function toStatus(row: RunRow, { transitions, attempts }: Details): RunStatus {
  const parity = attempts?.findLast((attempt) => attempt.parity !== undefined)?.parity
  return {
    ...dropNulls(row.status),
    // From the moment it was asked for: the reconciler's own write follows.
    state: row.desired === "delete" ? "DELETING" : row.state,
    ...(row.message !== undefined && { message: row.message }),
    ...(row.reason !== undefined && { reason: row.reason }),
    ...(transitions !== undefined && { transitions: toTransitions(transitions) }),
    findings: row.findings,
    ...(row.built !== undefined && { resolved: toResolved(row.built, parity) }),
    ...(attempts !== undefined && { attempts: attempts.map(toAttempt) }),
    ...(row.service !== undefined && { service: row.service }),
    ...(row.results !== undefined && { results: row.results }),
  }
}

/** Newest first, as clients read them. */
function toTransitions(rows: readonly TransitionRow[]): NonNullable<RunStatus["transitions"]> {
  return rows
    .map(({ state, message, at }) => ({ status: state, ...(message !== undefined && { message }), time: at }))
    .reverse()
}

/** What a run became when it was built. */
export function toResolved(
  built: Pick<BuiltRun, "requirements" | "provenance">,
  parity: readonly Parity[] | undefined,
): ResolvedRun {
  const { requirements, provenance } = built
  return { requirements: toWire(requirements), provenance, ...(parity !== undefined && { parity }) }
}

function toAttempt(row: AttemptRow): AttemptStatus {
  const { observation } = row
  const seen = observation?.phase === "running" || observation?.phase === "ended" ? observation : undefined
  const exit = seen?.phase === "ended" ? seen.exit : undefined
  const finishedAt = exit?.finishedAt ?? row.ended
  return {
    number: row.number,
    phase: row.ended !== undefined || exit !== undefined ? "ended" : seen === undefined ? "waiting" : "running",
    ...(row.started !== undefined && { startedAt: row.started }),
    ...(finishedAt !== undefined && { finishedAt }),
    ...(seen?.node !== undefined && { node: seen.node }),
    ...(exit?.code !== undefined && { exitCode: exit.code }),
    ...(exit?.peakMemoryBytes !== undefined && { peakMemoryBytes: exit.peakMemoryBytes }),
    ...(row.findings !== undefined && { findings: row.findings }),
  }
}
