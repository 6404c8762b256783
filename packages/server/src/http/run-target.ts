import { type Action, createFinding, type Finding, type FunctionKind, type JsonObject } from "@berth/spec"
import type { EntityRow, Store } from "../store/store.ts"
import { noSuchKind, parseRunKind, parseTaskKind } from "./kinds.ts"
import { functionReference, parseReference, type Reference, taskReference } from "./reference.ts"

/** What a run is a run of. */
export interface Target {
  readonly kind: FunctionKind
  readonly action: Action | undefined
  readonly function: EntityRow | undefined
  readonly task: EntityRow | undefined
  readonly findings: readonly Finding[]
}

interface Request {
  readonly project: string
  readonly kind: string
  readonly spec: JsonObject
}

/**
 * Finds function and task of a run in every form that clients ever sent: `container+job://p/<taskId>`, the old
 * `container+job://p/<function>:<functionId>`, a function alone.
 *
 * @throws BerthError `not_found` for a kind there is none of
 */
export async function findTarget(store: Store, request: Request): Promise<Target> {
  const parsed = parseRunKind(request.kind)
  if (parsed === undefined) throw noSuchKind(request.kind)
  const findings: Finding[] = []
  const named = { store, request, findings }
  const taskText = request.spec.task
  const reference = taskText === undefined || taskText === null ? undefined : readReference("task", named)
  const functionRow = await findFunction(named, reference)
  const task = reference === undefined ? undefined : await findTask(named, { reference, functionRow })
  const owner = functionRow ?? (await functionOf(named, task))
  const action = parsed.action ?? parseTaskKind(reference?.kind ?? "")?.action
  if (action === undefined) findings.push(invalid("task", "", "kind+action://project/id, which says the action"))
  if (owner === undefined && findings.length === 0) {
    findings.push(invalid("function", "", `kind://${request.project}/name:id`))
  }
  if (owner !== undefined) findings.push(...checkTarget({ request, kind: parsed.functionKind, owner, task }))
  const usual = task ?? (await findUsualTask(named, { owner, kind: `${parsed.functionKind}+${action ?? ""}` }))
  return { kind: parsed.functionKind, action, function: owner, task: usual, findings }
}

interface Named {
  readonly store: Store
  readonly request: Request
  readonly findings: Finding[]
}

function invalid(member: "task" | "function", reference: string, expected: string): Finding {
  return createFinding("reference.invalid", { reference, expected }, { path: [member] })
}

function readReference(member: "task" | "function", { request, findings }: Named): Reference | undefined {
  const value = request.spec[member]
  const text = typeof value === "string" ? value : JSON.stringify(value)
  const reference = parseReference(text)
  const expected = `${member === "task" ? "kind+action" : "kind"}://${request.project}/…`
  if (reference !== undefined && reference.project === request.project) return reference
  findings.push(invalid(member, text.slice(0, 200), expected))
  return undefined
}

/** By the run's own `function`, else by an old task reference, which names one. */
async function findFunction(named: Named, task: Reference | undefined): Promise<EntityRow | undefined> {
  const { store, request, findings } = named
  const text = request.spec.function
  const own = typeof text === "string" && text !== "" ? readReference("function", named) : undefined
  const reference = own ?? (task?.id === undefined ? undefined : task)
  if (reference === undefined) return undefined
  const row =
    reference.id === undefined
      ? await store.entities.latest(request.project, "function", reference.name)
      : await store.entities.get(request.project, "function", reference.id)
  if (row !== undefined && row.name === reference.name) return row
  const path = own === undefined ? ["task"] : ["function"]
  findings.push(createFinding("function.missing", { reference: String(request.spec[path[0] ?? ""]) }, { path }))
  return undefined
}

interface Wanted {
  readonly reference: Reference
  readonly functionRow: EntityRow | undefined
}

/** New references name a task, old ones a function and, by their kind, the task of it. */
async function findTask({ store, request, findings }: Named, wanted: Wanted): Promise<EntityRow | undefined> {
  const { reference, functionRow } = wanted
  if (reference.id !== undefined) return undefined
  const task = await store.entities.get(request.project, "task", reference.name)
  if (task === undefined) {
    findings.push(createFinding("task.missing", { reference: String(request.spec.task) }, { path: ["task"] }))
  } else if (functionRow !== undefined && task.functionRef !== functionReference(functionRow)) {
    const data = { task: task.id, function: functionReference(functionRow), expected: task.functionRef ?? "" }
    findings.push(createFinding("task.mismatch", data, { path: ["task"] }))
  }
  return task
}

async function functionOf(
  { store, request, findings }: Named,
  task: EntityRow | undefined,
): Promise<EntityRow | undefined> {
  const id = parseReference(task?.functionRef ?? "")?.id
  if (id === undefined) return undefined
  const row = await store.entities.get(request.project, "function", id)
  if (row === undefined) {
    findings.push(createFinding("function.missing", { reference: task?.functionRef ?? "" }, { path: ["task"] }))
  }
  return row
}

interface Found {
  readonly request: Request
  readonly kind: FunctionKind
  readonly owner: EntityRow
  readonly task: EntityRow | undefined
}

function checkTarget({ request, kind, owner }: Found): readonly Finding[] {
  if (owner.kind === kind) return []
  const data = { kind: request.kind, function: functionReference(owner), expected: kind }
  return [createFinding("kind.mismatch", data, { path: ["function"] })]
}

/** A run without a task still has the defaults of the one there is for its function and action. */
async function findUsualTask(
  { store, request }: Named,
  { owner, kind }: { readonly owner: EntityRow | undefined; readonly kind: string },
): Promise<EntityRow | undefined> {
  if (owner === undefined) return undefined
  const options = { page: 0, size: 1, versions: "all", kind, functionRef: functionReference(owner) } as const
  return (await store.entities.list(request.project, "task", options)).rows[0]
}

/** The reference under which runs of a task are listed; empty without one. */
export function taskRefOf(target: Target): string {
  return target.task === undefined ? "" : taskReference(target.task)
}
