import { BerthError, type RunState } from "@berth/spec"
import { type Kysely, sql } from "kysely"
import { optionalJson, toOptionalText } from "./json-text.ts"
import { prepare } from "./prepared.ts"
import type { TransitionRow } from "./store.ts"
import type { RowOf, Tables } from "./tables.ts"

/** A change of a run's state, before it has its number. */
export type NewTransition = Omit<TransitionRow, "seq">

/**
 * Writes a transition, as the last thing of its transaction. The number comes from one row that everyone who writes
 * transitions has to update: until this transaction is over nobody gets the next one, so whoever has read number n has
 * seen, or never will see, everything below it. A server whose successor took over the database gets no number.
 */
export async function insertTransition(
  database: Kysely<Tables>,
  epoch: number,
  transition: NewTransition,
): Promise<void> {
  const [next] = (await takeNumber(database, { epoch })).rows
  if (next === undefined) {
    throw new BerthError("unavailable", "Another server has taken over this database: this one has to end.")
  }
  const { project, run, state, message, at } = transition
  await insertRow(database, { seq: next.seq, project, run, state, message_json: toOptionalText(message), at })
}

const takeNumber = prepare<{ epoch: number }>()((database, value) =>
  database
    .updateTable("instance")
    .set((expression) => ({ seq: expression("seq", "+", 1) }))
    .where("epoch", "=", value("epoch"))
    .returning("seq"),
)

const insertRow = prepare<RowOf<"transitions">>()((database, value) =>
  database.insertInto("transitions").values({
    seq: value("seq"),
    project: value("project"),
    run: value("run"),
    state: value("state"),
    message_json: value("message_json"),
    at: value("at"),
  }),
)

/** Of one run, oldest first. That an earlier run of the same id was deleted is not part of its story. */
export async function readTransitions(
  database: Kysely<Tables>,
  { project, id }: { readonly project: string; readonly id: string },
): Promise<readonly TransitionRow[]> {
  const rows = await database
    .selectFrom("transitions")
    .selectAll()
    .where("project", "=", project)
    .where("run", "=", id)
    .where("state", "<>", "DELETED")
    .orderBy("seq")
    .execute()
  return rows.map(toTransition)
}

export async function readTransitionsAfter(
  database: Kysely<Tables>,
  { project, seq, limit }: { readonly project: string; readonly seq: number; readonly limit: number },
): Promise<readonly TransitionRow[]> {
  const rows = await database
    .selectFrom("transitions")
    .selectAll()
    .where("project", "=", project)
    .where("seq", ">", seq)
    .orderBy("seq")
    .limit(limit)
    .execute()
  return rows.map(toTransition)
}

export async function readTransitionRange(
  database: Kysely<Tables>,
  project: string,
): Promise<{ readonly first: number; readonly last: number }> {
  const row = await database
    .selectFrom("projects")
    .where("name", "=", project)
    .select((expression) => [
      "forgotten_seq",
      expression
        .selectFrom("transitions")
        .where("transitions.project", "=", project)
        .select(({ fn }) => fn.max("seq").as("seq"))
        .as("last"),
    ])
    .executeTakeFirst()
  if (row === undefined) return { first: 0, last: 0 }
  return { first: row.forgotten_seq + 1, last: row.last ?? row.forgotten_seq }
}

/**
 * Transitions go with their run; what would grow for ever is the one line that says that a run was deleted. Of these
 * the last `kept` stay, and the project remembers up to where it has forgotten.
 */
export async function forgetDeletions(database: Kysely<Tables>, project: string, kept: number): Promise<void> {
  const oldest = await database
    .selectFrom("transitions")
    .select("seq")
    .where("project", "=", project)
    .where("state", "=", sql.lit("DELETED"))
    .orderBy("seq", "desc")
    .limit(1)
    .offset(kept)
    .executeTakeFirst()
  if (oldest === undefined) return
  await database
    .deleteFrom("transitions")
    .where("project", "=", project)
    .where("state", "=", sql.lit<RunState>("DELETED"))
    .where("seq", "<=", oldest.seq)
    .execute()
  await database.updateTable("projects").set({ forgotten_seq: oldest.seq }).where("name", "=", project).execute()
}

function toTransition(row: RowOf<"transitions">): TransitionRow {
  return {
    seq: row.seq,
    project: row.project,
    run: row.run,
    state: row.state,
    ...optionalJson<"message", string>("message", row.message_json),
    at: row.at,
  }
}
