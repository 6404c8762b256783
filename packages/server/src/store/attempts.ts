import type { Kysely } from "kysely"
import { fromText, optional, optionalJson, toOptionalText, toText } from "./json-text.ts"
import { prepare } from "./prepared.ts"
import type { AttemptRow } from "./store.ts"
import type { NewRowOf, RowOf, Tables } from "./tables.ts"

const selectAttempts = prepare<{ project: string; id: string }>()((database, value) =>
  database
    .selectFrom("attempts")
    .selectAll()
    .where("project", "=", value("project"))
    .where("run", "=", value("id"))
    .orderBy("number"),
)

/** Of one run, oldest first. */
export async function readAttempts(
  database: Kysely<Tables>,
  { project, id }: { readonly project: string; readonly id: string },
): Promise<readonly AttemptRow[]> {
  const { rows } = await selectAttempts(database, { project, id })
  return rows.map(toAttempt)
}

const identity = ["project", "run", "number"] as const
const facts = [
  "uid",
  "attempt_json",
  "created",
  "observation_json",
  "parity_json",
  "findings_json",
  "started",
  "stop_requested",
  "ended",
  "removed",
] as const satisfies readonly (keyof NewRowOf<"attempts">)[]

const upsertAttempt = prepare<NewRowOf<"attempts">>()((database, value) =>
  database
    .insertInto("attempts")
    .values(
      Object.fromEntries([...identity, ...facts].map((column) => [column, value(column)])) as NewRowOf<"attempts">,
    )
    .onConflict((conflict) =>
      conflict
        .columns(identity)
        .doUpdateSet(({ ref }) => Object.fromEntries(facts.map((column) => [column, ref(`excluded.${column}`)]))),
    ),
)

/** Inserts or replaces whole rows, oldest first: the table refuses a second attempt beside one that has not ended. */
export async function writeAttempts(database: Kysely<Tables>, attempts: readonly AttemptRow[]): Promise<void> {
  for (const attempt of attempts.toSorted((a, b) => a.number - b.number)) {
    await upsertAttempt(database, toColumns(attempt))
  }
}

function toColumns(row: AttemptRow): NewRowOf<"attempts"> {
  return {
    uid: row.uid,
    project: row.project,
    run: row.run,
    number: row.number,
    attempt_json: toText(row.attempt),
    created: row.created,
    observation_json: toOptionalText(row.observation),
    parity_json: toOptionalText(row.parity),
    findings_json: toOptionalText(row.findings),
    started: row.started ?? null,
    stop_requested: row.stopRequested ?? null,
    ended: row.ended ?? null,
    removed: row.removed ?? null,
  }
}

function toAttempt(row: RowOf<"attempts">): AttemptRow {
  return {
    uid: row.uid,
    project: row.project,
    run: row.run,
    number: row.number,
    attempt: fromText(row.attempt_json),
    created: row.created,
    ...optionalJson<"observation", NonNullable<AttemptRow["observation"]>>("observation", row.observation_json),
    ...optionalJson<"parity", NonNullable<AttemptRow["parity"]>>("parity", row.parity_json),
    ...optionalJson<"findings", NonNullable<AttemptRow["findings"]>>("findings", row.findings_json),
    ...optional("started", row.started),
    ...optional("stopRequested", row.stop_requested),
    ...optional("ended", row.ended),
    ...optional("removed", row.removed),
  }
}
