import type { RunRow } from "../store/store.ts"
import type { Decision } from "./decision.ts"

/** The members that would change something, and with a new state its message; undefined when none would. */
export function changed(row: RunRow, set: NonNullable<Decision["set"]>): Decision["set"] {
  const keys = Object.keys(set) as (keyof typeof set)[]
  const different = keys.filter((key) => !same(row[key], set[key]))
  if (different.length === 0) return undefined
  const kept = different.includes("state") && "message" in set ? [...different, "message" as const] : different
  return Object.fromEntries(kept.map((key) => [key, set[key]]))
}

/** Equal as JSON. */
export function same(a: unknown, b: unknown): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b)
}
