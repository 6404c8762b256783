import { type Kysely, type SqlBool, sql } from "kysely"
import type { Engine } from "./engine.ts"
import { type Condition, equals, equalsIfGiven, hides, listConditions, ordering } from "./filter.ts"
import { fromText, optional, optionalJson, toOptionalText, toText } from "./json-text.ts"
import { prepare } from "./prepared.ts"
import { stateOf } from "./state-of.ts"
import type { EntityRow, EntityStore, EntityType, Rows } from "./store.ts"
import type { RowOf, Tables } from "./tables.ts"

/** Functions, tasks and everything else with the same envelope. */
export function createEntities({ database, transact }: Engine): EntityStore {
  return {
    insert: (row) => transact((transaction) => insert(transaction, row)),
    async get(project, type, id) {
      const [row] = (await selectEntity(database, { project, type, id })).rows
      return row && toEntity(row)
    },
    latest: (project, type, name) => latest(database, { project, type, name }),
    async update(...[project, type, id, change]) {
      await transact((transaction) => update(transaction, { project, type, id }, change))
    },
    async remove(project, type, id) {
      await transact((transaction) =>
        transaction
          .deleteFrom("entities")
          .where("project", "=", project)
          .where("type", "=", type)
          .where("id", "=", id)
          .execute(),
      )
    },
    list: (project, type, options) => list(database, { project, type }, options),
  }
}

interface Identity {
  readonly project: string
  readonly type: EntityType
  readonly id: string
}

const selectEntity = prepare<{ project: string; type: EntityType; id: string }>()((database, value) =>
  byId(database, { project: value("project"), type: value("type"), id: value("id") }),
)

function byId(database: Kysely<Tables>, { project, type, id }: Identity) {
  return database
    .selectFrom("entities")
    .selectAll()
    .where("project", "=", project)
    .where("type", "=", type)
    .where("id", "=", id)
}

async function insert(database: Kysely<Tables>, row: EntityRow): Promise<boolean> {
  const inserted = await database
    .insertInto("entities")
    .values({
      project: row.project,
      type: row.type,
      id: row.id,
      name: row.name,
      kind: row.kind,
      user: row.user,
      state: stateOf(row.status),
      function_ref: row.functionRef ?? null,
      metadata_json: toText(row.metadata),
      spec_json: toText(row.spec),
      status_json: toText(row.status),
      extensions_json: toOptionalText(row.extensions),
      created: row.created,
      updated: row.updated,
    })
    .onConflict((conflict) => conflict.columns(["project", "type", "id"]).doNothing())
    .returning("ordinal")
    .executeTakeFirst()
  if (inserted === undefined) return false
  await insertLabels(database, inserted.ordinal, row.metadata)
  return true
}

/** Clients send what they like under `labels`: only texts can be asked for. */
async function insertLabels(database: Kysely<Tables>, entity: number, metadata: EntityRow["metadata"]): Promise<void> {
  const sent: unknown = metadata.labels
  if (!Array.isArray(sent)) return
  const labels = [...new Set(sent.filter((label): label is string => typeof label === "string"))]
  if (labels.length === 0) return
  await database
    .insertInto("entity_labels")
    .values(labels.map((label) => ({ entity, label })))
    .onConflict((conflict) => conflict.doNothing())
    .execute()
}

async function update(
  database: Kysely<Tables>,
  identity: Identity,
  change: Parameters<EntityStore["update"]>[3],
): Promise<void> {
  const columns = toColumns(change)
  if (Object.keys(columns).length === 0) return
  const found = await byId(database, identity).clearSelect().select("ordinal").executeTakeFirst()
  if (found === undefined) return
  await database.updateTable("entities").set(columns).where("ordinal", "=", found.ordinal).execute()
  if (change.metadata === undefined) return
  await database.deleteFrom("entity_labels").where("entity", "=", found.ordinal).execute()
  await insertLabels(database, found.ordinal, change.metadata)
}

function toColumns(change: Parameters<EntityStore["update"]>[3]): Partial<RowOf<"entities">> {
  return {
    ...(change.metadata && { metadata_json: toText(change.metadata) }),
    ...(change.spec && { spec_json: toText(change.spec) }),
    ...(change.status && { status_json: toText(change.status), state: stateOf(change.status) }),
    ...(change.extensions && { extensions_json: toText(change.extensions) }),
    ...(change.updated !== undefined && { updated: change.updated }),
  }
}

async function latest(
  database: Kysely<Tables>,
  { project, type, name }: { project: string; type: EntityType; name: string },
): Promise<EntityRow | undefined> {
  const row = await database
    .selectFrom("entities")
    .selectAll()
    .where("project", "=", project)
    .where("type", "=", type)
    .where("name", "=", name)
    .orderBy("created", "desc")
    .orderBy("ordinal", "desc")
    .limit(1)
    .executeTakeFirst()
  return row && toEntity(row)
}

async function list(
  database: Kysely<Tables>,
  { project, type }: Omit<Identity, "id">,
  options: Parameters<EntityStore["list"]>[2],
): Promise<Rows<EntityRow>> {
  const conditions: readonly Condition[] = [
    equals("project", project),
    equals("type", type),
    ...listConditions(options, ["id", "name"]),
    ...equalsIfGiven("name", options.name),
    ...equalsIfGiven("kind", options.kind),
    ...equalsIfGiven("state", options.state),
    ...equalsIfGiven("function_ref", options.functionRef),
    ...(options.labels ?? []).map(hasLabel),
    ...hides(options.hideKinds),
    ...(options.versions === "latest" ? [isNewest] : []),
  ]
  const matching = database.selectFrom("entities").where((expression) => expression.and(conditions))
  const order = ordering(options.sort, {
    fallback: "created desc, ordinal desc",
    columns: ["id", "name", "kind", "created", "updated"],
    last: "ordinal",
  })
  const { total } = await matching.select(sql<number>`count(*)`.as("total")).executeTakeFirstOrThrow()
  const rows = await matching
    .selectAll()
    .orderBy(order)
    .limit(options.size)
    .offset(options.page * options.size)
    .execute()
  return { rows: rows.map(toEntity), total }
}

function hasLabel(label: string): Condition {
  return sql<SqlBool>`exists (
    select 1 from entity_labels where entity_labels.entity = entities.ordinal and entity_labels.label = ${label}
  )`
}

/** No other version of the name is younger; of one instant, the one inserted last is. */
const isNewest: Condition = sql<SqlBool>`not exists (
  select 1 from entities as younger
  where younger.project = entities.project and younger.type = entities.type and younger.name = entities.name
    and (younger.created, younger.ordinal) > (entities.created, entities.ordinal)
)`

function toEntity(row: RowOf<"entities">): EntityRow {
  return {
    project: row.project,
    type: row.type,
    id: row.id,
    name: row.name,
    kind: row.kind,
    user: row.user,
    ...optional("functionRef", row.function_ref),
    metadata: fromText(row.metadata_json),
    spec: fromText(row.spec_json),
    status: fromText(row.status_json),
    ...optionalJson<"extensions", NonNullable<EntityRow["extensions"]>>("extensions", row.extensions_json),
    created: row.created,
    updated: row.updated,
  }
}
