import type { Exit, Requirements } from "@berth/spec"
import type { AttemptRow, RunRow } from "../../store/store.ts"
import { decide } from "../decide.ts"
import type { DecideContext, Decision } from "../decision.ts"
import { after, attemptRow, contextAt, exit, observation, runRow, t0 } from "./rows.ts"

/** One pass over a run with one attempt, unless it says otherwise. */
export interface Case {
  readonly row?: Partial<RunRow> & { readonly requirements?: Requirements }
  /** Changes of the attempts, oldest first; default: one. */
  readonly attempts?: readonly Partial<AttemptRow>[]
  readonly seen?: Parameters<typeof observation>[1]
  readonly context?: Partial<DecideContext>
  readonly now?: string
}

export function run(it: Case): Decision & { row: RunRow; rows: readonly AttemptRow[] } {
  const row = runRow({ state: "PENDING", ...it.row })
  const rows = (it.attempts ?? [{}]).map((change, index) => attemptRow(row, { number: index + 1, ...change }))
  const last = rows.at(-1)
  const observed = it.seen === undefined || last === undefined ? undefined : observation(last, it.seen)
  const decision = decide(row, rows, { observed, context: contextAt(it.now ?? after(60), it.context) })
  return { ...decision, row, rows }
}

export const waiting = { phase: "waiting" } as const
export const running = { phase: "running", startedAt: after(1) } as const
export const ended = (change: Partial<Exit> = {}) =>
  ({ phase: "ended", exit: exit(change), startedAt: after(1) }) as const
export const failed = ended({ code: 3 })

/** An attempt that ended so and was cleaned up. */
export function past(change: Partial<Exit>, more: Partial<AttemptRow> = {}): Partial<AttemptRow> {
  const row = attemptRow(runRow())
  return { observation: observation(row, ended(change)), ended: t0, removed: t0, ...more }
}

export const types = (decision: Decision) => decision.actions.map(({ type }) => type)
