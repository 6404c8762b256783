const maxLength = 80

/** A user's value as it stands in a message: JSON, cut where it would drown the sentence. */
export function quote(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value)
  return text.length <= maxLength ? text : `${text.slice(0, maxLength)}…`
}

/** `a, b or c`. */
export function either(items: readonly string[]): string {
  if (items.length < 2) return items.join("")
  return `${items.slice(0, -1).join(", ")} or ${items.at(-1)}`
}
