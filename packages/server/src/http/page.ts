import { BerthError, createFinding, type Finding, type ListQuery, type Page } from "@berth/spec"
import type { Interval, ListOptions, Rows } from "../store/store.ts"

const defaultSize = 25
const sortFields = ["id", "name", "kind", "created", "updated"] as const

/** Kinds that DigitalHub's clients don't know: hidden from lists unless `kind=` asks for them. */
export const hiddenKinds = ["node"] as const

/**
 * What every list understands, as the store wants it.
 *
 * @throws BerthError `invalid` for an unknown sort property or an interval that is no time
 */
export function toListOptions(query: ListQuery): ListOptions {
  const findings: Finding[] = []
  const options: ListOptions = {
    page: query.page ?? 0,
    size: query.size ?? defaultSize,
    ...(query.sort !== undefined && { sort: query.sort.flatMap((text) => toSort(text, findings)) }),
    ...(query.q !== undefined && { q: query.q }),
    ...(query.created !== undefined && { created: toInterval("created", query.created, findings) }),
    ...(query.updated !== undefined && { updated: toInterval("updated", query.updated, findings) }),
    ...(query.id !== undefined && { ids: query.id }),
    ...(query.user !== undefined && { user: query.user }),
  }
  if (findings.length > 0) throw new BerthError("invalid", findings[0]?.message ?? "Bad query.", { issues: findings })
  return options
}

type SortField = (typeof sortFields)[number]

function isSortField(text: string): text is SortField {
  return sortFields.some((field) => field === text)
}

function toSort(text: string, findings: Finding[]): NonNullable<ListOptions["sort"]> {
  const [field = "", direction = "asc"] = text.split(",").map((part) => part.trim())
  const lower = direction.toLowerCase()
  if (isSortField(field) && (lower === "asc" || lower === "desc")) return [{ field, descending: lower === "desc" }]
  const problem = `${JSON.stringify(text)} is no order; one of ${sortFields.join(", ")}, then ,asc or ,desc`
  findings.push(createFinding("request.invalid", { in: "query", key: "sort", problem }, { path: ["sort"] }))
  return []
}

function toInterval(key: string, text: string, findings: Finding[]): Interval {
  const [from = "", to = ""] = text.split(",", 2).map((part) => part.trim())
  const times = { from: toTime(from), to: toTime(to) }
  if (times.from === null || times.to === null) {
    const problem = `${JSON.stringify(text)} is no interval of times, as in 2026-01-01T00:00:00Z,2026-02-01T00:00:00Z`
    findings.push(createFinding("request.invalid", { in: "query", key, problem }, { path: [key] }))
    return {}
  }
  return { ...(times.from !== undefined && { from: times.from }), ...(times.to !== undefined && { to: times.to }) }
}

function toTime(text: string): string | undefined | null {
  if (text === "") return undefined
  const time = new Date(text)
  return Number.isNaN(time.getTime()) ? null : time.toISOString()
}

/** Kinds as a list wants them: `kind=*` shows all, a kind shows it, nothing hides what clients don't know. */
export function toKindFilter(kind: string | undefined): { kind?: string; hideKinds?: readonly string[] } {
  if (kind === "*") return {}
  return kind === undefined ? { hideKinds: hiddenKinds } : { kind }
}

/** A page as Spring prints it. */
export function toPage<Row, Item>(rows: Rows<Row>, options: ListOptions, toItem: (row: Row) => Item): Page<Item> {
  const { page, size } = options
  const totalPages = Math.ceil(rows.total / size)
  const sorted = (options.sort ?? []).length > 0
  const sort = { sorted, unsorted: !sorted, empty: !sorted }
  return {
    content: rows.rows.map(toItem),
    pageable: { pageNumber: page, pageSize: size, offset: page * size, paged: true, unpaged: false, sort },
    totalElements: rows.total,
    totalPages,
    size,
    number: page,
    numberOfElements: rows.rows.length,
    first: page === 0,
    last: page >= totalPages - 1,
    empty: rows.rows.length === 0,
    sort,
  }
}
