import { type Kysely, sql } from "kysely"
import type { Engine } from "./engine.ts"
import { type Condition, equals, equalsIfGiven, listConditions, ordering } from "./filter.ts"
import { fromText, toText } from "./json-text.ts"
import { type Keyring, type Seal, secretPlace } from "./keyring.ts"
import { prepare } from "./prepared.ts"
import type { Rows, SecretRow, SecretStore } from "./store.ts"
import type { RowOf, Tables } from "./tables.ts"

const selectValues = prepare<{ project: string }>()((database, value) =>
  database.selectFrom("secrets").select(["name", "value"]).where("project", "=", value("project")),
)

/** Secrets of projects. Their values are encrypted here and nowhere else. */
export function createSecrets({ database, transact }: Engine, keyring: Keyring): SecretStore {
  return {
    insert: (row) => transact((transaction) => insert(transaction, row)),
    async get(project, id) {
      const row = await database
        .selectFrom("secrets")
        .selectAll()
        .where("project", "=", project)
        .where("id", "=", id)
        .executeTakeFirst()
      return row && toSecret(row)
    },
    list: (project, options) => list(database, project, options),
    async update(project, id, change) {
      const columns = {
        ...(change.metadata && { metadata_json: toText(change.metadata) }),
        ...(change.updated !== undefined && { updated: change.updated }),
      }
      if (Object.keys(columns).length === 0) return
      await transact((transaction) =>
        transaction.updateTable("secrets").set(columns).where("project", "=", project).where("id", "=", id).execute(),
      )
    },
    async remove(project, id) {
      await transact((transaction) =>
        transaction.deleteFrom("secrets").where("project", "=", project).where("id", "=", id).execute(),
      )
    },
    setValues: (project, values, at) =>
      transact((transaction) => setValues(transaction, keyring.seal, { project, values, at })),
    async values(project, names) {
      const rows = await named(database, project, names)
      const found = rows.flatMap(({ name, value }): [string, string][] =>
        value === null ? [] : [[name, keyring.unseal(secretPlace(project, name), value)]],
      )
      return Object.fromEntries(found)
    },
    async everyValue(project) {
      const { rows } = await selectValues(database, { project })
      return rows.flatMap(({ name, value }) =>
        value === null ? [] : [keyring.unseal(secretPlace(project, name), value)],
      )
    },
    rotateKey: () => keyring.rotate(),
  }
}

async function insert(database: Kysely<Tables>, row: Omit<SecretRow, "set">): Promise<boolean> {
  const { numInsertedOrUpdatedRows } = await database
    .insertInto("secrets")
    .values({
      project: row.project,
      id: row.id,
      name: row.name,
      user: row.user,
      metadata_json: toText(row.metadata),
      spec_json: toText(row.spec),
      created: row.created,
      updated: row.updated,
      value: null,
      key_id: null,
    })
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirst()
  return numInsertedOrUpdatedRows === 1n
}

async function named(database: Kysely<Tables>, project: string, names: readonly string[]) {
  if (names.length === 0) return []
  return await database
    .selectFrom("secrets")
    .select(["name", "value"])
    .where("project", "=", project)
    .where("name", "in", names)
    .execute()
}

async function setValues(
  database: Kysely<Tables>,
  seal: Seal,
  { project, values, at }: { project: string; values: Readonly<Record<string, string>>; at: string },
): Promise<readonly string[]> {
  const names = Object.keys(values)
  const known = new Set((await named(database, project, names)).map((row) => row.name))
  const unknown = names.filter((name) => !known.has(name))
  if (unknown.length > 0) return unknown
  for (const [name, text] of Object.entries(values)) {
    const sealed = seal(secretPlace(project, name), text)
    await database
      .updateTable("secrets")
      .set({ value: sealed.value, key_id: sealed.keyId, updated: at })
      .where("project", "=", project)
      .where("name", "=", name)
      .execute()
  }
  return []
}

async function list(
  database: Kysely<Tables>,
  project: string,
  options: Parameters<SecretStore["list"]>[1],
): Promise<Rows<SecretRow>> {
  const conditions: readonly Condition[] = [
    equals("project", project),
    ...listConditions(options, ["id", "name"]),
    ...equalsIfGiven("name", options.name),
  ]
  const matching = database.selectFrom("secrets").where((expression) => expression.and(conditions))
  const order = ordering(options.sort, {
    fallback: "name asc",
    columns: ["id", "name", "created", "updated"],
    last: "ordinal",
  })
  const { total } = await matching.select(sql<number>`count(*)`.as("total")).executeTakeFirstOrThrow()
  const rows = await matching
    .selectAll()
    .orderBy(order)
    .limit(options.size)
    .offset(options.page * options.size)
    .execute()
  return { rows: rows.map(toSecret), total }
}

function toSecret(row: RowOf<"secrets">): SecretRow {
  return {
    project: row.project,
    id: row.id,
    name: row.name,
    user: row.user,
    metadata: fromText(row.metadata_json),
    spec: fromText(row.spec_json),
    created: row.created,
    updated: row.updated,
    set: row.value !== null,
  }
}
