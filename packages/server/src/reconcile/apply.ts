import type { AttemptRef, Executor, ProjectEnding } from "@berth/spec"
import type { RunRow, Store } from "../store/store.ts"
import type { Decision, ReconcileAction } from "./decision.ts"
import type { Drained } from "./log-pump.ts"
import { removeIfEmptied } from "./project-deletion.ts"

export interface ApplyOptions {
  readonly store: Pick<Store, "runs" | "projects">
  readonly executor: Pick<Executor, "start" | "stop" | "remove"> & Partial<ProjectEnding>
  readonly now: string
  /** The end of the log, for the write that ends an attempt. */
  readonly drained?: Drained | undefined
  accepted(attempt: AttemptRef): void
}

/**
 * Carries out one decision. The only place where the outside world is changed.
 *
 * @returns false when the row has moved on in between: read again and decide anew.
 */
export async function apply(row: RunRow, decision: Decision, options: ApplyOptions): Promise<boolean> {
  const { executor } = options
  for (const action of decision.actions) {
    if (action.type === "stop") await executor.stop(action.attempt, { graceSeconds: action.graceSeconds })
    if (action.type === "remove") await executor.remove(action.attempt, { keepClaims: action.keepClaims })
  }
  if (!(await write(row, decision, options))) return false
  for (const action of decision.actions) await afterWrite(row, action, options)
  return true
}

async function write(row: RunRow, { set, attempts }: Decision, options: ApplyOptions): Promise<boolean> {
  if (set === undefined && attempts === undefined) return true
  return await options.store.runs.commit({
    project: row.project,
    id: row.id,
    revision: row.revision,
    at: options.now,
    set: { ...set, updated: options.now },
    ...(attempts !== undefined && { attempts }),
    ...(options.drained !== undefined && { logs: options.drained.appends }),
  })
}

async function afterWrite(row: RunRow, action: ReconcileAction, options: ApplyOptions): Promise<void> {
  if (action.type === "start") {
    await options.executor.start(action.attempt)
    options.accepted(action.attempt)
  }
  if (action.type !== "forget") return
  await options.store.runs.remove(row.project, row.id, options.now)
  await removeIfEmptied(options, row.project)
}
