import type { RunRow } from "../store/store.ts"
import type { Decision } from "./decision.ts"

/** The members that would change something; undefined when none would. */
export function changed(row: RunRow, set: NonNullable<Decision["set"]>): Decision["set"] {
  const keys = Object.keys(set) as (keyof typeof set)[]
  return keys.some((key) => !same(row[key], set[key])) ? set : undefined
}

/** Equal as JSON. */
export function same(a: unknown, b: unknown): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b)
}
