/**
 * JSON columns: text that comes back equal to what was stored, member order, `__proto__` members and numbers included.
 * The type is the caller's word: only this program writes these columns.
 */
export function fromText<Value>(text: string): Value {
  return JSON.parse(text)
}

export function toText(value: unknown): string {
  return JSON.stringify(value)
}

/** For columns that may be empty. */
export function toOptionalText(value: unknown): string | null {
  return value === undefined ? null : toText(value)
}

/** `{ [member]: value }` parsed from a column, or nothing when it is empty. */
export function optionalJson<Member extends string, Value>(
  member: Member,
  text: string | null,
): { readonly [_ in Member]?: Value } {
  return optional(member, text === null ? null : fromText<Value>(text))
}

/** `{ [member]: value }`, or nothing when it is null. */
export function optional<Member extends string, Value>(
  member: Member,
  value: Value | null | undefined,
): { readonly [_ in Member]?: Value } {
  if (value === null || value === undefined) return {}
  return { [member]: value } as { readonly [_ in Member]: Value }
}
