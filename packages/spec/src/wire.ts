import type { JsonObject } from "./json.ts"
import type { Requirements } from "./requirements.ts"
import type { RequirementsInput } from "./input.ts"

/** The wire form (snake_case) of canonical requirements; goes by schema, never by rewriting every key. */
export function toWire(_requirements: Requirements): JsonObject {
  throw new Error("wire is being built")
}

/** The wire form of what a TypeScript user wrote (shorthands kept as shorthands). */
export function inputToWire(_input: RequirementsInput): JsonObject {
  throw new Error("wire is being built")
}
