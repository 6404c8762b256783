import { BerthError } from "@berth/spec"
import { type Kysely, type SqlBool, sql } from "kysely"
import type { Changes } from "./changes.ts"
import type { Engine } from "./engine.ts"
import type { Condition } from "./filter.ts"
import { fromText, optionalJson, toOptionalText, toText } from "./json-text.ts"
import type { LogAppend, LogKey, LogPosition, LogStore, NumberedChunk, StoredChunk } from "./store.ts"
import type { RowOf, Tables } from "./tables.ts"

/** Chunks removed by one transaction, so that a long log holds up nobody. */
const removedAtOnce = 64

export function createLogs({ database, transact }: Engine, { changed }: Pick<Changes, "changed">): LogStore {
  return {
    async append(appends) {
      await transact((transaction) => appendLogs(transaction, appends))
      for (const { project, run } of appends) changed(project, run)
    },
    async streams(project, run) {
      const rows = await database
        .selectFrom("log_streams")
        .selectAll()
        .where("project", "=", project)
        .where("run", "=", run)
        .orderBy("ordinal")
        .execute()
      return rows.map(({ ordinal: _, chunks: __, ...stream }) => stream)
    },
    read: (key, from, limit) => readChunks(database, { key, from, limit }),
  }
}

/** Adds chunks where their streams end; a chunk that belongs elsewhere is refused with everything beside it. */
export async function appendLogs(database: Kysely<Tables>, appends: readonly LogAppend[]): Promise<void> {
  for (const append of appends) {
    if (append.chunks.length > 0) await appendStream(database, append)
  }
}

async function appendStream(database: Kysely<Tables>, { chunks, ...key }: LogAppend): Promise<void> {
  const stream = await openStream(database, key)
  const rows = numberChunks(stream, chunks)
  await database.insertInto("log_chunks").values(rows).execute()
  const last = rows.at(-1)
  if (last === undefined) return
  await database
    .updateTable("log_streams")
    .set({ length: last.start + last.size, chunks: last.number, resume: last.resume })
    .where("ordinal", "=", stream.ordinal)
    .execute()
}

async function openStream(database: Kysely<Tables>, key: LogKey): Promise<RowOf<"log_streams">> {
  const { project, run, attempt, instance, container } = key
  return await database
    .insertInto("log_streams")
    .values({ project, run, attempt, instance, container, length: 0, chunks: 0, resume: "" })
    .onConflict((conflict) =>
      conflict.columns(["project", "run", "attempt", "instance", "container"]).doUpdateSet({ project }),
    )
    .returningAll()
    .executeTakeFirstOrThrow()
}

function numberChunks(stream: RowOf<"log_streams">, chunks: readonly StoredChunk[]): RowOf<"log_chunks">[] {
  let end = stream.length
  return chunks.map((chunk, index) => {
    if (chunk.offset !== end) {
      throw new BerthError(
        "internal",
        `The log of run ${stream.run} (attempt ${stream.attempt}, ${stream.container}) ends at byte ${end}; ` +
          `a chunk for byte ${chunk.offset} cannot be added.`,
      )
    }
    end += chunk.bytes.length
    return {
      stream: stream.ordinal,
      number: stream.chunks + index + 1,
      start: chunk.offset,
      size: chunk.bytes.length,
      bytes: chunk.bytes,
      lines_json: toText(chunk.lines),
      resume: chunk.resume,
      gap_json: toOptionalText(chunk.gap),
    }
  })
}

async function readChunks(
  database: Kysely<Tables>,
  { key, from, limit }: { key: LogKey; from: LogPosition; limit: number },
): Promise<readonly NumberedChunk[]> {
  const rows = await database
    .selectFrom("log_chunks")
    .innerJoin("log_streams", "log_streams.ordinal", "log_chunks.stream")
    .where("project", "=", key.project)
    .where("run", "=", key.run)
    .where("attempt", "=", key.attempt)
    .where("instance", "=", key.instance)
    .where("container", "=", key.container)
    .where(reaches(from))
    .select(["number", "start", "bytes", "lines_json", "log_chunks.resume", "gap_json"])
    .orderBy("number")
    .limit(limit)
    .execute()
  return rows.map((row) => ({
    number: row.number,
    offset: row.start,
    bytes: new Uint8Array(row.bytes),
    lines: fromText(row.lines_json),
    resume: row.resume,
    ...optionalJson<"gap", string>("gap", row.gap_json),
  }))
}

/** A chunk without bytes only marks a gap: it belongs to the position where it stands. */
function reaches(from: LogPosition): Condition {
  if (typeof from !== "number") return sql<SqlBool>`number > ${from.after}`
  return sql<SqlBool>`(start + size > ${from} or (size = 0 and start >= ${from}))`
}

/** Deletes logs a slice at a time, before the rows they belong to go. */
export async function removeLogs(transact: Engine["transact"], streams: readonly Condition[]): Promise<void> {
  for (;;) {
    const removed = await transact((transaction) => removeSlice(transaction, streams))
    if (removed < removedAtOnce) return
  }
}

async function removeSlice(database: Kysely<Tables>, streams: readonly Condition[]): Promise<number> {
  const chunks = await database
    .selectFrom("log_chunks")
    .innerJoin("log_streams", "log_streams.ordinal", "log_chunks.stream")
    .where((expression) => expression.and(streams))
    .select(["stream", "number"])
    .limit(removedAtOnce)
    .execute()
  for (const { stream, number } of chunks) {
    await database.deleteFrom("log_chunks").where("stream", "=", stream).where("number", "=", number).execute()
  }
  return chunks.length
}
