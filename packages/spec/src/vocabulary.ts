import type { FindingEntry } from "./finding.ts"
import { fieldFindings } from "./findings/field.ts"
import { fileFindings } from "./findings/file.ts"
import { fitFindings } from "./findings/fit.ts"
import { outcomeFindings } from "./findings/outcome.ts"
import { quantityFindings } from "./findings/quantity.ts"
import { requestFindings } from "./findings/request.ts"
import { requirementFindings } from "./findings/requirement.ts"

/** The closed vocabulary: every code with its severity, class and words, one file per area. */
export const vocabulary = {
  ...fieldFindings,
  ...requirementFindings,
  ...quantityFindings,
  ...fileFindings,
  ...fitFindings,
  ...outcomeFindings,
  ...requestFindings,
} as const

/** A code of the vocabulary. */
export type FindingCode = keyof typeof vocabulary

/** The typed facts behind a code. */
export type FindingData<Code extends FindingCode> =
  (typeof vocabulary)[Code] extends FindingEntry<infer Data> ? Data : never
