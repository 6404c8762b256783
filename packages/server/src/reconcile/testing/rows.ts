import type { Exit, Finding, Observation, Requirements } from "@berth/spec"
import { attemptUid } from "../../names.ts"
import type { AttemptRow, RunRow } from "../../store/store.ts"
import type { DecideContext } from "../decision.ts"

export const t0 = "2026-01-01T00:00:00.000Z"

/** So many seconds after {@link t0}. */
export function after(seconds: number): string {
  return new Date(Date.parse(t0) + seconds * 1000).toISOString()
}

/** A run as it is after it was submitted. */
export function runRow(change: Partial<RunRow> & { readonly requirements?: Requirements } = {}): RunRow {
  const { requirements = {}, ...members } = change
  const action = members.action ?? "job"
  return {
    project: "p",
    id: "r1",
    name: "r1",
    kind: `container+${action}:run`,
    user: "ann",
    taskRef: "t",
    functionRef: "f",
    action,
    metadata: { project: "p", name: "r1", created: t0, updated: t0 },
    spec: {},
    clientExecuted: false,
    desired: "run",
    state: "READY",
    findings: [],
    built: {
      requirements,
      provenance: {},
      findings: [],
      attempt: {
        project: "p",
        run: "r1",
        function: { name: "f", id: "1", kind: "container" },
        action: action as "job",
        program: { kind: "container", command: ["true"], args: [] },
        requirements,
        provenance: {},
        inputs: {},
        parameters: {},
        queuedAt: t0,
      },
    },
    status: {},
    created: t0,
    updated: t0,
    revision: 1,
    ...members,
  }
}

export function attemptRow(row: RunRow, change: Partial<AttemptRow> = {}): AttemptRow {
  const number = change.number ?? 1
  const uid = attemptUid(row.project, row.id, number)
  if (row.built === undefined) throw new Error("the run is not built")
  return {
    uid,
    project: row.project,
    run: row.id,
    number,
    attempt: { ...row.built.attempt, uid, number },
    created: t0,
    ...change,
  }
}

type Facts = { readonly at?: string } & (
  | { readonly phase: "waiting"; readonly reasons?: readonly Finding[] }
  | { readonly phase: "running"; readonly startedAt?: string }
  | { readonly phase: "ended"; readonly exit: Exit; readonly startedAt?: string }
  | { readonly phase: "absent" }
)

export function observation(row: AttemptRow, facts: Facts): Observation {
  const { uid, project, run, number } = row
  const rest = facts.phase === "waiting" ? { reasons: [] } : facts.phase === "absent" ? {} : { logs: [] }
  return { attempt: { uid, project, run, number }, at: t0, ...rest, ...facts } as Observation
}

export function exit(change: Partial<Exit> = {}): Exit {
  return { reason: "exited", code: 0, finishedAt: after(60), ...change }
}

export function contextAt(now: string, change: Partial<DecideContext> = {}): DecideContext {
  return { now, synced: false, launched: true, graceSeconds: 30, ...change }
}
