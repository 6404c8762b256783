import type { Json } from "./json.ts"
import type { Path } from "./path.ts"
import { type FindingCode, type FindingData, vocabulary } from "./vocabulary.ts"

/** How much a finding weighs: an error at submit refuses the request, the others ride on the run. */
export type Severity = "error" | "warning" | "notice"

/** Who can do something about it. */
export type FindingClass = "user" | "policy" | "resources" | "infrastructure" | "transient"

/** One operation of a JSON Patch (RFC 6902) on the `spec` as the user sent it. */
export type PatchOperation =
  | {
      readonly op: "add" | "replace" | "test"
      readonly path: string
      readonly value: Json
    }
  | { readonly op: "remove"; readonly path: string }
  | {
      readonly op: "move" | "copy"
      readonly from: string
      readonly path: string
    }

/**
 * One thing Berth has to say. The wire's `issues` and a run's `status.findings` are this type.
 *
 * `code` is dotted lower case and never reused; `message` and `hint` are rendered from `data`, so that every
 * front end says the same words.
 */
export interface Finding<Code extends FindingCode = FindingCode> {
  readonly code: Code
  readonly severity: Severity
  readonly class: FindingClass
  /** Where, relative to the request's `spec` as sent. Absent: the whole request. */
  readonly path?: Path
  readonly data: FindingData<Code>
  readonly message: string
  /** Advice that is no change of the request ("ask for quota"). */
  readonly hint?: string
  /** What was seen, verbatim: a log tail, an event's text. */
  readonly evidence?: readonly string[]
  /** A change of the user's own request that removes the finding. */
  readonly fix?: readonly PatchOperation[]
}

/** Where a finding stands, what was seen, and what would remove it. */
export interface FindingContext {
  readonly path?: Path | undefined
  readonly evidence?: readonly string[] | undefined
  readonly fix?: readonly PatchOperation[] | undefined
  /** Advice in place of the vocabulary's. */
  readonly hint?: string | undefined
}

/** Makes a finding of the vocabulary: severity, class, message and hint come from its entry. */
export function createFinding<Code extends FindingCode>(
  code: Code,
  data: FindingData<Code>,
  context: FindingContext = {},
): Finding<Code> {
  const entry = vocabulary[code] as unknown as FindingEntry<FindingData<Code>>
  const hint = context.hint ?? entry.hint?.(data)
  return {
    code,
    severity: entry.severity,
    class: entry.class,
    ...(context.path !== undefined && { path: context.path }),
    data,
    message: entry.message(data),
    ...(hint !== undefined && { hint }),
    ...(context.evidence !== undefined && { evidence: context.evidence }),
    ...(context.fix !== undefined && { fix: context.fix }),
  }
}

/** One entry of the vocabulary: everything about a code but its data. */
export interface FindingEntry<Data> {
  readonly severity: Severity
  readonly class: FindingClass
  /** What is the matter, with the value and the number; one or two plain sentences. */
  message(data: Data): string
  /** What to do, when the message does not say it. */
  hint?(data: Data): string | undefined
}
