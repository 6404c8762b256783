import { fromText, optional, optionalJson, toOptionalText, toText } from "./json-text.ts"
import type { RunChange, RunRow } from "./store.ts"
import type { NewRowOf, RowOf } from "./tables.ts"

/** Every column of a run but `built_json`, which lists leave on disk. */
export const listedColumns = [
  "project",
  "id",
  "name",
  "kind",
  "user",
  "task_ref",
  "function_ref",
  "action",
  "metadata_json",
  "spec_json",
  "extensions_json",
  "client_executed",
  "desired",
  "state",
  "message_json",
  "reason",
  "findings_json",
  "service_json",
  "results_json",
  "status_json",
  "created",
  "updated",
  "started",
  "finished",
  "revision",
] as const satisfies readonly (keyof RowOf<"runs">)[]

/** Every column that is written with a new run. */
export const runColumns = [...listedColumns, "built_json", "epoch"] as const

type ListedRow = Pick<RowOf<"runs">, (typeof listedColumns)[number]>

/** A run as a row, without what the store counts itself. */
export function toColumns(row: RunRow): Omit<NewRowOf<"runs">, "ordinal" | "epoch"> {
  return {
    project: row.project,
    id: row.id,
    name: row.name,
    kind: row.kind,
    user: row.user,
    task_ref: row.taskRef,
    function_ref: row.functionRef,
    action: row.action,
    metadata_json: toText(row.metadata),
    spec_json: toText(row.spec),
    extensions_json: toOptionalText(row.extensions),
    client_executed: row.clientExecuted ? 1 : 0,
    desired: row.desired,
    state: row.state,
    message_json: toOptionalText(row.message),
    reason: row.reason ?? null,
    findings_json: toText(row.findings),
    built_json: toOptionalText(row.built),
    service_json: toOptionalText(row.service),
    results_json: toOptionalText(row.results),
    status_json: toText(row.status),
    created: row.created,
    updated: row.updated,
    started: row.started ?? null,
    finished: row.finished ?? null,
    revision: row.revision,
  }
}

type Settable = NonNullable<RunChange["set"]>

/** How each member of a change is written. A member that is there but undefined empties its column. */
const columnOf = {
  name: plain("name"),
  kind: plain("kind"),
  user: plain("user"),
  taskRef: plain("task_ref"),
  functionRef: plain("function_ref"),
  action: plain("action"),
  metadata: json("metadata_json"),
  spec: json("spec_json"),
  extensions: json("extensions_json"),
  clientExecuted: (value) => ({ client_executed: value === true ? 1 : 0 }),
  desired: plain("desired"),
  state: plain("state"),
  message: json("message_json"),
  reason: plain("reason"),
  findings: json("findings_json"),
  built: json("built_json"),
  service: json("service_json"),
  results: json("results_json"),
  status: json("status_json"),
  created: plain("created"),
  updated: plain("updated"),
  started: plain("started"),
  finished: plain("finished"),
} as const satisfies Record<keyof Settable, (value: unknown) => Partial<RowOf<"runs">>>

function plain(column: keyof RowOf<"runs">) {
  return (value: unknown): Partial<RowOf<"runs">> => ({ [column]: value ?? null })
}

function json(column: keyof RowOf<"runs">) {
  return (value: unknown): Partial<RowOf<"runs">> => ({ [column]: toOptionalText(value) })
}

export function toChangedColumns(change: Settable): Partial<RowOf<"runs">> {
  const columns = (Object.keys(change) as (keyof Settable)[]).map((member) => columnOf[member](change[member]))
  return Object.assign({}, ...columns)
}

export function toRun(row: ListedRow & { readonly built_json?: string | null }): RunRow {
  return {
    project: row.project,
    id: row.id,
    name: row.name,
    kind: row.kind,
    user: row.user,
    taskRef: row.task_ref,
    functionRef: row.function_ref,
    action: row.action,
    metadata: fromText(row.metadata_json),
    spec: fromText(row.spec_json),
    ...optionalJson<"extensions", NonNullable<RunRow["extensions"]>>("extensions", row.extensions_json),
    clientExecuted: row.client_executed === 1,
    desired: row.desired,
    state: row.state,
    ...optionalJson<"message", string>("message", row.message_json),
    ...optional("reason", row.reason),
    findings: fromText(row.findings_json),
    ...optionalJson<"built", NonNullable<RunRow["built"]>>("built", row.built_json ?? null),
    ...optionalJson<"service", NonNullable<RunRow["service"]>>("service", row.service_json),
    ...optionalJson<"results", NonNullable<RunRow["results"]>>("results", row.results_json),
    status: fromText(row.status_json),
    created: row.created,
    updated: row.updated,
    ...optional("started", row.started),
    ...optional("finished", row.finished),
    revision: row.revision,
  }
}
