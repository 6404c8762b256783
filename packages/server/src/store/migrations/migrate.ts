import { BerthError } from "@berth/spec"
import { type Kysely, sql } from "kysely"
import type { Tables } from "../tables.ts"
import { tables } from "./0001-tables.ts"
import type { Columns, Migration } from "./migration.ts"

/** Every schema there ever was, oldest first. */
export const migrations: readonly Migration[] = [tables]

/** Brings the database up to the newest schema; refuses one that is newer than this program. */
export async function migrate(
  { database, columns }: { readonly database: Kysely<Tables>; readonly columns: Columns },
  list: readonly Migration[] = migrations,
): Promise<void> {
  await sql`create table if not exists schema_versions (
    version integer primary key, name text not null
  )`.execute(database)
  const found = await sql<{ version: number; name: string }>`
    select version, name from schema_versions order by version`.execute(database)
  const newest = list.at(-1)?.version ?? 0
  const foreign = found.rows.find((row) => row.version > newest)
  if (foreign !== undefined) {
    throw new BerthError(
      "unsupported",
      `The database has schema ${foreign.version} (${foreign.name}); this Berth knows schemas up to ${newest}. ` +
        "Start the newer Berth that wrote it, or restore a backup made before the upgrade.",
    )
  }
  const done = new Set(found.rows.map((row) => row.version))
  for (const migration of list) {
    if (!done.has(migration.version)) await step(database, columns, migration)
  }
}

async function step(database: Kysely<Tables>, columns: Columns, migration: Migration): Promise<void> {
  await database.transaction().execute(async (transaction) => {
    await migration.up(transaction, columns)
    await sql`insert into schema_versions (version, name) values (${migration.version}, ${migration.name})`.execute(
      transaction,
    )
  })
}
