import { createFinding, type Finding, type FindingContext, type PatchOperation } from "../finding.ts"
import type { Json } from "../json.ts"
import { type Path, toPointer } from "../path.ts"
import type { FindingCode, FindingData } from "../vocabulary.ts"

/** A value as its author gave it. */
export interface Given {
  readonly value: Json
  /** Where it stands in the spec as sent. */
  readonly path: Path
  /** Canonical wire path, `volumes.data.mount_path`; empty for what is no leaf, such as a key. */
  readonly name: string
}

/** What one call of `normalise` gathers. */
export interface Reading {
  /** Unknown keys are errors, not kept. */
  readonly strictKeys: boolean
  readonly findings: readonly Finding[]
  readonly paths: ReadonlyMap<string, Path>
  say<Code extends FindingCode>(code: Code, data: FindingData<Code>, context: FindingContext): void
  /** Remembers where the canonical leaf `given.name` was written. */
  place(given: Given): void
}

/** A spec with more problems than this names the first ones only. */
export const maxFindings = 1000

export function createReading(strictKeys: boolean): Reading {
  const findings: Finding[] = []
  const paths = new Map<string, Path>()
  return {
    strictKeys,
    findings,
    paths,
    say(code, data, context) {
      if (findings.length < maxFindings) findings.push(createFinding(code, data, context))
      else if (findings.length === maxFindings) findings.push(createFinding("field.more", { shown: maxFindings }))
    },
    place(given) {
      if (given.name !== "") paths.set(given.name, given.path)
    },
  }
}

/** The member or entry `key` of an object or list; `name` is its canonical name where that is another. */
export function within(given: Given, key: string | number, name: string | number = key): Given {
  const container = given.value as { [member: string]: Json }
  return {
    value: container[key] as Json,
    path: [...given.path, key],
    name: given.name === "" ? String(name) : `${given.name}.${name}`,
  }
}

/** Given, and not null. */
export function isGiven(given: Given | undefined): given is Given {
  return given !== undefined && given.value !== null
}

/** The same value under another canonical name. */
export function named(given: Given, name: string): Given {
  return { ...given, name }
}

/** Context of a finding that a new value in the same place would remove. */
export function replaceWith(given: Given, value: Json | undefined): FindingContext {
  if (value === undefined) return { path: given.path }
  return { path: given.path, fix: [{ op: "replace", path: toPointer(given.path), value }] }
}

/** Context of a finding that goes away with the value. */
export function removal(given: Given): FindingContext {
  return { path: given.path, fix: [removeOperation(given)] }
}

export function removeOperation(given: Given): PatchOperation {
  return { op: "remove", path: toPointer(given.path) }
}

/** A value as it stands in a message: a text as it is, anything else as JSON. */
export function show(value: Json): string {
  return typeof value === "string" ? value : JSON.stringify(value)
}

/** What a value is, for people: `a list`, `null`. */
export function kindOf(value: Json): string {
  if (value === null) return "null"
  if (Array.isArray(value)) return "a list"
  const kinds: Record<string, string> = { string: "text", number: "a number", object: "an object" }
  return kinds[typeof value] ?? String(value)
}
