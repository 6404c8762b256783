import { type Kysely, sql } from "kysely"
import type { Engine } from "./engine.ts"
import { type Condition, contains, equalsIfGiven, listConditions, oneOf, ordering } from "./filter.ts"
import { fromText, toText } from "./json-text.ts"
import { removeLogs } from "./logs.ts"
import { prepare } from "./prepared.ts"
import { stateOf } from "./state-of.ts"
import type { ProjectRow, ProjectStore } from "./store.ts"
import type { RowOf, Tables } from "./tables.ts"

const selectProject = prepare<{ name: string }>()((database, value) =>
  database.selectFrom("projects").selectAll().where("name", "=", value("name")),
)

/** Projects; everything else belongs to one and goes with it. */
export function createProjects(
  { database, transact }: Engine,
  { removed }: { removed(project: string): void },
): ProjectStore {
  return {
    insert: (row) => transact((transaction) => insert(transaction, row)),
    async get(name) {
      const [row] = (await selectProject(database, { name })).rows
      return row && toProject(row)
    },
    async update(name, change) {
      const columns = toColumns(change)
      if (Object.keys(columns).length === 0) return
      await transact((transaction) =>
        transaction.updateTable("projects").set(columns).where("name", "=", name).execute(),
      )
    },
    async remove(name) {
      await removeLogs(transact, [sql`project = ${name}`])
      await transact((transaction) => transaction.deleteFrom("projects").where("name", "=", name).execute())
      removed(name)
    },
    list: (options) => list(database, options),
  }
}

async function insert(database: Kysely<Tables>, row: ProjectRow): Promise<boolean> {
  const { numInsertedOrUpdatedRows } = await database
    .insertInto("projects")
    .values((expression) => ({
      name: row.name,
      user: row.user,
      state: stateOf(row.status),
      metadata_json: toText(row.metadata),
      spec_json: toText(row.spec),
      status_json: toText(row.status),
      created: row.created,
      updated: row.updated,
      deleting: row.deleting ? 1 : 0,
      forgotten_seq: expression.selectFrom("instance").select("seq"),
    }))
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirst()
  return numInsertedOrUpdatedRows === 1n
}

function toColumns(change: Parameters<ProjectStore["update"]>[1]): Partial<RowOf<"projects">> {
  return {
    ...(change.metadata && { metadata_json: toText(change.metadata) }),
    ...(change.spec && { spec_json: toText(change.spec) }),
    ...(change.status && { status_json: toText(change.status), state: stateOf(change.status) }),
    ...(change.updated !== undefined && { updated: change.updated }),
    ...(change.deleting !== undefined && { deleting: change.deleting ? 1 : 0 }),
  }
}

async function list(database: Kysely<Tables>, options: Parameters<ProjectStore["list"]>[0]) {
  const { ids, ...shared } = options
  const conditions: readonly Condition[] = [
    ...listConditions(shared, ["name"]),
    ...oneOf("name", ids),
    ...oneOf("name", options.names),
    ...contains(["name"], options.name),
    ...equalsIfGiven("state", options.state),
  ]
  const matching = database.selectFrom("projects").where((expression) => expression.and(conditions))
  const order = ordering(
    options.sort?.map((item) => (item.field === "id" ? { ...item, field: "name" } : item)),
    { fallback: "name asc", columns: ["name", "created", "updated"], last: "name" },
  )
  const { total } = await matching.select(sql<number>`count(*)`.as("total")).executeTakeFirstOrThrow()
  const rows = await matching
    .selectAll()
    .orderBy(order)
    .limit(options.size)
    .offset(options.page * options.size)
    .execute()
  return { rows: rows.map(toProject), total }
}

function toProject(row: RowOf<"projects">): ProjectRow {
  return {
    name: row.name,
    user: row.user,
    metadata: fromText(row.metadata_json),
    spec: fromText(row.spec_json),
    status: fromText(row.status_json),
    created: row.created,
    updated: row.updated,
    deleting: row.deleting === 1,
  }
}
