import { type Expression, type RawBuilder, type SqlBool, sql } from "kysely"
import type { Interval, ListOptions } from "./store.ts"

/** One condition of a list; all of a list hold together. */
export type Condition = Expression<SqlBool>

/** Names, ids and references are at most this long; a longer text is part of none of them. */
const longestText = 2000

export function equals(column: string, value: string | number): Condition {
  return sql<SqlBool>`${sql.ref(column)} = ${value}`
}

/** Equality that is left out when there is nothing to compare with. */
export function equalsIfGiven(column: string, value: string | undefined): readonly Condition[] {
  return value === undefined ? [] : [equals(column, value)]
}

export function oneOf(column: string, values: readonly string[] | undefined): readonly Condition[] {
  if (values === undefined) return []
  if (values.length === 0) return [sql<SqlBool>`1 = 0`]
  return [sql<SqlBool>`${sql.ref(column)} in (${sql.join(values)})`]
}

/** Substring of any of the columns, whatever the case of its letters (ASCII). */
export function contains(columns: readonly string[], value: string | undefined): readonly Condition[] {
  if (value === undefined || value === "") return []
  if (value.length > longestText) return [sql<SqlBool>`1 = 0`]
  const pattern = `%${value.replaceAll(/[\\%_]/g, "\\$&")}%`
  const parts = columns.map((column) => sql<SqlBool>`lower(${sql.ref(column)}) like lower(${pattern}) escape '\\'`)
  return [sql<SqlBool>`(${sql.join(parts, sql` or `)})`]
}

/** Leaves out kinds, with every action of them: `node` is also `node+job` and `node+job:run`. */
export function hides(kinds: readonly string[] | undefined): readonly Condition[] {
  return (kinds ?? []).map((kind) => sql<SqlBool>`not (kind = ${kind} or ${startsWith("kind", `${kind}+`)})`)
}

/** A prefix, as a range that an index serves. The prefix ends with an ASCII character. */
export function startsWith(column: string, prefix: string): Condition {
  const last = prefix.charCodeAt(prefix.length - 1)
  const after = prefix.slice(0, -1) + String.fromCharCode(last + 1)
  return sql<SqlBool>`(${sql.ref(column)} >= ${prefix} and ${sql.ref(column)} < ${after})`
}

/** The filters that every list has. */
export function listConditions(options: ListOptions, searched: readonly string[]): readonly Condition[] {
  return [
    ...contains(searched, options.q),
    ...within("created", options.created),
    ...within("updated", options.updated),
    ...oneOf("id", options.ids),
    ...equalsIfGiven("user", options.user),
  ]
}

export function within(column: string, interval: Interval | undefined): readonly Condition[] {
  const from = toStoredTime(interval?.from)
  const to = toStoredTime(interval?.to)
  return [
    ...(from === undefined ? [] : [sql<SqlBool>`${sql.ref(column)} >= ${from}`]),
    ...(to === undefined ? [] : [sql<SqlBool>`${sql.ref(column)} <= ${to}`]),
  ]
}

/** Stored times are compared as text, so a bound takes the form they have: UTC with milliseconds. */
function toStoredTime(time: string | undefined): string | undefined {
  if (time === undefined || time === "") return undefined
  const parsed = new Date(time)
  return Number.isNaN(parsed.getTime()) ? time : parsed.toISOString()
}

/** `order by`: what was asked, then the order of insertion, so that pages neither repeat nor skip a row. */
export function ordering(
  sort: ListOptions["sort"],
  { fallback, columns, last }: { fallback: string; columns: readonly string[]; last: string },
): RawBuilder<unknown> {
  const known = (sort ?? []).filter((item) => columns.includes(item.field))
  if (known.length === 0) return sql.raw(fallback)
  const descending = known.at(-1)?.descending ?? false
  return sql.raw(
    [...known, { field: last, descending }]
      .map((item) => `${item.field} ${item.descending ? "desc" : "asc"}`)
      .join(", "),
  )
}
