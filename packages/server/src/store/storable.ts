/**
 * A parameter as both engines can keep it: PostgreSQL's text has no NUL, and neither has lone surrogates. JSON text
 * never holds either, so only plain columns (names, references, filters) are touched.
 */
export function toStorable(value: unknown): unknown {
  if (typeof value !== "string") return value
  const text = value.isWellFormed() ? value : value.toWellFormed()
  return text.includes("\0") ? text.replaceAll("\0", "\uFFFD") : text
}
