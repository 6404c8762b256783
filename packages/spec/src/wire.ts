import * as z from "zod"
import type { RequirementsInput } from "./input.ts"
import { isJsonObject, type Json, type JsonObject } from "./json.ts"
import type { Requirements } from "./requirements.ts"
import { canonicalSchema } from "./schema/schema.ts"
import { toSnakeCase } from "./wire-name.ts"

/** The wire form (snake_case) of canonical requirements; goes by schema, never by rewriting every key. */
export function toWire(requirements: Requirements): JsonObject {
  return withoutPairs(rename(canonicalSchema, requirements) as JsonObject)
}

/**
 * The wire form of what a TypeScript user wrote: members of ours in snake_case, shorthands kept as shorthands, the
 * user's own keys and unknown members as they are, so that whoever reads it next can name them.
 */
export function inputToWire(input: RequirementsInput): JsonObject {
  return withoutPairs(rename(canonicalSchema, input) as JsonObject)
}

/** Maps of the user's, and what a reader calls the key of one pair. */
const maps = { node_selector: "key", pod_labels: "name", annotations: "name", envs: "name" } as const

/** A map of the keys `key` and `value` would be read as the one pair that the page shows, so it travels as a list. */
function withoutPairs(wire: JsonObject): JsonObject {
  const members = Object.entries(maps).flatMap(([field, keyName]) => {
    const map = wire[field]
    if (!isJsonObject(map) || Object.keys(map).sort().join() !== `${keyName},value`) return []
    return [[field, Object.entries(map).map(([key, value]) => ({ [keyName]: key, value }))] as const]
  })
  return members.length === 0 ? wire : { ...wire, ...Object.fromEntries(members) }
}

/** A value that is not of the schema's form (a shorthand) is copied as it is. */
function rename(schema: z.ZodType, value: unknown): Json {
  if (schema instanceof z.ZodExactOptional) return rename(schema.unwrap() as z.ZodType, value)
  if (Array.isArray(value)) {
    return value.map((item) =>
      schema instanceof z.ZodArray ? rename(schema.element as z.ZodType, item) : toJson(item),
    )
  }
  const shape = isJsonObject(value) ? shapeOf(schema, value) : undefined
  if (shape === undefined) return toJson(value)
  const members = Object.entries(value as object).filter(([, member]) => member !== undefined)
  return Object.fromEntries(members.map(([key, member]) => renameMember(shape, key, member)))
}

function renameMember(shape: ObjectShape, key: string, member: unknown): readonly [string, Json] {
  const inner = Object.hasOwn(shape, key) ? shape[key] : undefined
  return inner === undefined ? [key, toJson(member)] : [toSnakeCase(key), rename(inner, member)]
}

type ObjectShape = Readonly<Record<string, z.ZodType>>

/** The members that an object of this schema has: of the arm that its discriminator names, of all arms where it names none. */
function shapeOf(schema: z.ZodType, value: JsonObject): ObjectShape | undefined {
  if (schema instanceof z.ZodObject) return schema.shape
  if (schema instanceof z.ZodDiscriminatedUnion) {
    const { discriminator } = schema.def
    const options = schema.options as z.ZodObject[]
    const named = options.find((arm) => (arm.shape[discriminator] as z.ZodLiteral).value === value[discriminator])
    return named?.shape ?? allMembers(options)
  }
  return schema instanceof z.ZodUnion ? allMembers(schema.options as z.ZodObject[]) : undefined
}

function allMembers(arms: readonly z.ZodObject[]): ObjectShape {
  return Object.assign({}, ...arms.map((arm) => arm.shape))
}

function toJson(value: unknown): Json {
  return value === undefined ? null : JSON.parse(JSON.stringify(value))
}
