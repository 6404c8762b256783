import { BerthError, canTransition, type RunState } from "@berth/spec"
import { type Kysely, type SqlBool, sql } from "kysely"
import { readAttempts, writeAttempts } from "./attempts.ts"
import type { Engine } from "./engine.ts"
import { type Condition, equals, equalsIfGiven, hides, listConditions, ordering, startsWith } from "./filter.ts"
import { appendLogs, removeLogs } from "./logs.ts"
import { prepare } from "./prepared.ts"
import { listedColumns, runColumns, toChangedColumns, toColumns, toRun } from "./run-row.ts"
import type { Desired, Rows, RunChange, RunRow, RunStore } from "./store.ts"
import type { NewRowOf, RowOf, Tables } from "./tables.ts"
import {
  forgetDeletions,
  insertTransition,
  readTransitionRange,
  readTransitions,
  readTransitionsAfter,
} from "./transitions.ts"

/** What the runs need beside the database. */
export interface RunsOptions {
  /** Of this server: what an older one writes is refused. */
  readonly epoch: number
  /** Called after every commit that changed a run. */
  changed(project: string, run: string): void
  /** How many deletions a project remembers for readers of its transitions. */
  readonly keptDeletions: number
}

interface RunRef {
  readonly project: string
  readonly id: string
}

export function createRuns(engine: Engine, options: RunsOptions): RunStore {
  const { database, transact } = engine
  return {
    async insert(row) {
      const inserted = await transact((transaction) => insert(transaction, options.epoch, row))
      if (inserted) options.changed(row.project, row.id)
      return inserted
    },
    get: (project, id) => get(database, { project, id }),
    list: (project, list) => listRuns(database, project, list),
    async setDesired(...[project, id, desired, at]) {
      const row = await transact((transaction) => setDesired(transaction, { project, id }, { desired, at }))
      if (row !== undefined) options.changed(project, id)
      return row
    },
    async commit(change) {
      const committed = await transact((transaction) => commit(transaction, options.epoch, change))
      if (committed) options.changed(change.project, change.id)
      return committed
    },
    async remove(project, id, at) {
      await removeLogs(transact, [equals("project", project), equals("run", id)])
      const removed = await transact((transaction) => remove(transaction, options, { project, id, at }))
      if (removed) options.changed(project, id)
    },
    live: () => readLive(database),
    attempts: (project, id) => readAttempts(database, { project, id }),
    transitions: (project, id) => readTransitions(database, { project, id }),
    transitionsAfter: (project, seq, limit) => readTransitionsAfter(database, { project, seq, limit }),
    transitionRange: (project) => readTransitionRange(database, project),
    countByState: () => countByState(database),
  }
}

const selectRun = prepare<{ project: string; id: string }>()((database, value) =>
  database.selectFrom("runs").selectAll().where("project", "=", value("project")).where("id", "=", value("id")),
)

async function get(database: Kysely<Tables>, { project, id }: RunRef): Promise<RunRow | undefined> {
  const [row] = (await selectRun(database, { project, id })).rows
  return row && toRun(row)
}

type NewRun = Omit<NewRowOf<"runs">, "ordinal">

const insertRun = prepare<NewRun>()((database, value) =>
  database
    .insertInto("runs")
    .values(Object.fromEntries(runColumns.map((column) => [column, value(column)])) as NewRun)
    .onConflict((conflict) => conflict.columns(["project", "id"]).doNothing()),
)

async function insert(database: Kysely<Tables>, epoch: number, row: RunRow): Promise<boolean> {
  const { changed } = await insertRun(database, { ...toColumns(row), epoch })
  if (changed !== 1n) return false
  await insertTransition(database, epoch, {
    project: row.project,
    run: row.id,
    state: row.state,
    ...(row.message !== undefined && { message: row.message }),
    at: row.created,
  })
  return true
}

/** A deletion is not taken back: whatever is wanted after it leaves the row as it is. */
async function setDesired(
  database: Kysely<Tables>,
  { project, id }: RunRef,
  { desired, at }: { readonly desired: Desired; readonly at: string },
): Promise<RunRow | undefined> {
  const row = await database
    .updateTable("runs")
    .set((expression) => ({ desired, updated: at, revision: expression("revision", "+", 1) }))
    .where("project", "=", project)
    .where("id", "=", id)
    .where("desired", "<>", "delete")
    .returningAll()
    .executeTakeFirst()
  return row === undefined ? await get(database, { project, id }) : toRun(row)
}

async function commit(database: Kysely<Tables>, epoch: number, change: RunChange): Promise<boolean> {
  const state = change.set?.state
  const before = state === undefined ? undefined : await readState(database, change)
  if (state !== undefined) {
    if (before === undefined) return false
    checkTransition(change, before, state)
  }
  if (!(await update(database, epoch, change))) return false
  await writeAttempts(database, change.attempts ?? [])
  await appendLogs(database, change.logs ?? [])
  if (state !== undefined && state !== before?.state) {
    await insertTransition(database, epoch, {
      project: change.project,
      run: change.id,
      state,
      ...(change.set?.message !== undefined && { message: change.set.message }),
      at: change.at,
    })
  }
  return true
}

const updateQueries = new Map<string, ReturnType<typeof prepareUpdate>>()

interface Update extends Partial<RowOf<"runs">> {
  readonly project: string
  readonly id: string
  readonly from: number
  readonly to: number
  readonly by: number
}

/** The columns that change together make one query; there are few such sets. */
function prepareUpdate(columns: readonly (keyof RowOf<"runs">)[]) {
  return prepare<Update & Record<string, unknown>>()((database, value) =>
    database
      .updateTable("runs")
      .set({
        ...Object.fromEntries(columns.map((column) => [column, value(column)])),
        revision: value("to"),
        epoch: value("by"),
      })
      .where("project", "=", value("project"))
      .where("id", "=", value("id"))
      .where("revision", "=", value("from"))
      .where("epoch", "<=", value("by")),
  )
}

/** False when the row has moved on, or belongs to a younger server. */
async function update(database: Kysely<Tables>, epoch: number, change: RunChange): Promise<boolean> {
  const columns = toChangedColumns(change.set ?? {})
  const names = Object.keys(columns).toSorted() as (keyof typeof columns)[]
  const query = updateQueries.get(names.join()) ?? prepareUpdate(names)
  updateQueries.set(names.join(), query)
  const { project, id, revision } = change
  const { changed } = await query(database, { ...columns, project, id, from: revision, to: revision + 1, by: epoch })
  return changed === 1n
}

const selectState = prepare<{ project: string; id: string; revision: number }>()((database, value) =>
  database
    .selectFrom("runs")
    .select(["state", "action"])
    .where("project", "=", value("project"))
    .where("id", "=", value("id"))
    .where("revision", "=", value("revision")),
)

/** The state at the revision that the change names. */
async function readState(
  database: Kysely<Tables>,
  { project, id, revision }: RunChange,
): Promise<Pick<RunRow, "state" | "action"> | undefined> {
  return (await selectState(database, { project, id, revision })).rows[0]
}

/** The last guard of the rule that an outcome never changes. */
function checkTransition(change: RunChange, before: Pick<RunRow, "state" | "action">, to: RunState): void {
  if (before.state === to || canTransition(before.state, to, before.action)) return
  throw new BerthError("internal", `Run ${change.id} is ${before.state}; it cannot become ${to}.`)
}

async function remove(
  database: Kysely<Tables>,
  { epoch, keptDeletions }: RunsOptions,
  { project, id, at }: RunRef & { readonly at: string },
): Promise<boolean> {
  const { numDeletedRows } = await database
    .deleteFrom("runs")
    .where("project", "=", project)
    .where("id", "=", id)
    .executeTakeFirst()
  if (numDeletedRows === 0n) return false
  await database.deleteFrom("transitions").where("project", "=", project).where("run", "=", id).execute()
  await insertTransition(database, epoch, { project, run: id, state: "DELETED", at })
  await forgetDeletions(database, project, keptDeletions)
  return true
}

async function readLive(database: Kysely<Tables>): Promise<readonly RunRef[]> {
  const resting = sql`('COMPLETED', 'ERROR', 'STOPPED', 'DELETED')`
  const { rows } = await sql<RunRef>`
    select project, id from runs where desired = 'delete'
    union
    select project, id from runs
      where client_executed = 0 and (state not in ${resting} or (state = 'STOPPED' and desired = 'run'))
    union
    select project, run as id from attempts where removed is null
    order by project, id
  `.execute(database)
  return rows.map((row) => ({ project: row.project, id: row.id }))
}

async function countByState(database: Kysely<Tables>): Promise<Partial<Record<RunState, number>>> {
  const rows = await database
    .selectFrom("runs")
    .select(["state", sql<number>`count(*)`.as("count")])
    .groupBy("state")
    .execute()
  return Object.fromEntries(rows.map((row) => [row.state, row.count]))
}

async function listRuns(
  database: Kysely<Tables>,
  project: string,
  options: Parameters<RunStore["list"]>[1],
): Promise<Rows<RunRow>> {
  const conditions: readonly Condition[] = [
    equals("project", project),
    ...listConditions(options, ["id", "name", "function_ref"]),
    ...equalsIfGiven("name", options.name),
    ...equalsIfGiven("kind", options.kind),
    ...equalsIfGiven("state", options.state),
    ...equalsIfGiven("task_ref", options.taskRef),
    ...equalsIfGiven("action", options.action),
    ...(options.functionRef === undefined ? [] : [ofFunction(options.functionRef)]),
    ...hides(options.hideKinds),
  ]
  const matching = database.selectFrom("runs").where((expression) => expression.and(conditions))
  const order = ordering(options.sort, {
    fallback: "created desc, ordinal desc",
    columns: ["id", "name", "kind", "created", "updated"],
    last: "ordinal",
  })
  const { total } = await matching.select(sql<number>`count(*)`.as("total")).executeTakeFirstOrThrow()
  const rows = await matching
    .select(listedColumns)
    .orderBy(order)
    .limit(options.size)
    .offset(options.page * options.size)
    .execute()
  return { rows: rows.map(toRun), total }
}

/** `kind://project/name:id` is one version, without `:id` every version. */
function ofFunction(reference: string): Condition {
  const path = reference.slice(reference.indexOf("://") + 3)
  if (path.includes(":")) return equals("function_ref", reference)
  return sql<SqlBool>`(function_ref = ${reference} or ${startsWith("function_ref", `${reference}:`)})`
}
