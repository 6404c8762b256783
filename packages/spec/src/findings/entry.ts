import type { FindingEntry } from "../finding.ts"

/** Types one entry of the vocabulary by its data. */
export function entry<Data>(definition: FindingEntry<Data>): FindingEntry<Data> {
  return definition
}
