/**
 * A query string as an object: repeated names become lists, blank values count as absent, a broken percent-escape
 * stays as it is.
 */
export function parseQueryString(text: string): Record<string, string | string[]> {
  const query: Record<string, string | string[]> = Object.create(null)
  for (const [name, value] of new URLSearchParams(text)) {
    if (value.trim() === "") continue
    const before = query[name]
    if (before === undefined) query[name] = value
    else query[name] = typeof before === "string" ? [before, value] : [...before, value]
  }
  return query
}
