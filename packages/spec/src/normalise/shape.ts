import * as z from "zod"
import type { Json } from "../json.ts"
import { toSnakeCase } from "../wire-name.ts"
import { readMembers } from "./members.ts"
import { type Given, type Reading, within } from "./reading.ts"
import { readBoolean, readChoice, readEntries, readInteger, readList, readText, sayMissing } from "./values.ts"

/** What is special about the objects of one schema. */
export interface Hook {
  /** Finds the object that is meant in what was given; undefined: reported, cannot be used. */
  readonly before?: (given: Given, reading: Reading) => Given | undefined
  /** Checks what the shape does not say; reports, and returns undefined for what cannot be used. */
  readonly after?: (given: Given, value: object, reading: Reading) => object | undefined
}

export type Hooks = ReadonlyMap<z.ZodType, Hook>

interface Shape {
  readonly schema: z.ZodType
  readonly hooks: Hooks
}

const maxEntries = 200

/**
 * Reads a value by a schema of the canonical form: members in snake_case or camelCase, null as absent, numbers as text
 * where they cannot mean anything else. All or nothing: undefined when any part of it was reported as wrong.
 */
export function readShape({ schema, hooks }: Shape, given: Given, reading: Reading): unknown {
  const inner = unwrap(schema)
  reading.place(given)
  if (inner instanceof z.ZodObject) return readObject({ schema: inner, hooks }, given, reading)
  if (inner instanceof z.ZodArray) {
    const element = inner.element as z.ZodType
    const entries = readList(given, { max: maxEntries }, reading)
    return whole(entries?.map((entry) => readShape({ schema: element, hooks }, entry, reading)))
  }
  if (inner instanceof z.ZodRecord) return readTexts(given, reading)
  if (inner instanceof z.ZodEnum) return readChoice(given, { allowed: inner.options as readonly string[] }, reading)
  if (inner instanceof z.ZodBoolean) return readBoolean(given, reading)
  if (inner instanceof z.ZodNumber) {
    return readInteger(given, { min: inner.minValue ?? -maxSafe, max: inner.maxValue ?? maxSafe }, reading)
  }
  return readText(given, reading, { coerce: true })
}

const maxSafe = Number.MAX_SAFE_INTEGER

function unwrap(schema: z.ZodType): z.ZodType {
  return schema instanceof z.ZodOptional || schema instanceof z.ZodExactOptional
    ? unwrap(schema.unwrap() as z.ZodType)
    : schema
}

function whole<Item>(items: readonly Item[] | undefined): readonly Item[] | undefined {
  return items?.every((item) => item !== undefined) === true ? items : undefined
}

function readTexts(given: Given, reading: Reading): Readonly<Record<string, string>> | undefined {
  const entries = readEntries(given, maxEntries, reading)
  const pairs = entries?.map(({ key, given: member }) => {
    const text = readText(member, reading, { coerce: true })
    return text === undefined ? undefined : ([key, text] as const)
  })
  const all = whole(pairs)
  return all && Object.fromEntries(all.flatMap((pair) => (pair === undefined ? [] : [pair])))
}

interface WireShape {
  readonly names: readonly string[]
  /** Canonical wire name → schema of the member, and its name there. */
  readonly members: readonly { readonly name: string; readonly member: string; readonly schema: z.ZodType }[]
}

const wireShapes = new WeakMap<z.ZodType, WireShape>()

function wireShapeOf(schema: z.ZodObject): WireShape {
  const known = wireShapes.get(schema)
  if (known !== undefined) return known
  const members = Object.entries(schema.shape).map(([member, inner]) => ({
    name: toSnakeCase(member),
    member,
    schema: inner as z.ZodType,
  }))
  const shape = { members, names: members.map(({ name }) => name) }
  wireShapes.set(schema, shape)
  return shape
}

function readObject(
  { schema, hooks }: { readonly schema: z.ZodObject; readonly hooks: Hooks },
  found: Given,
  reading: Reading,
): object | undefined {
  const before = hooks.get(schema)?.before
  const given = before === undefined ? found : before(found, reading)
  if (given === undefined) return undefined
  const shape = wireShapeOf(schema)
  const members = readMembers(given, shape, reading)
  if (members === undefined) return undefined
  const value: Record<string, unknown> = {}
  let isWhole = true
  for (const { name, member, schema: part } of shape.members) {
    const memberGiven = members[name]
    if (memberGiven === undefined || memberGiven.value === null) {
      if (part instanceof z.ZodExactOptional) continue
      sayMissing(given, name, reading)
      isWhole = false
      continue
    }
    const read = readShape({ schema: part, hooks }, memberGiven, reading)
    if (read === undefined) isWhole = false
    else value[member] = read
  }
  if (!isWhole) return undefined
  const after = hooks.get(schema)?.after
  return after === undefined ? value : after(given, value, reading)
}

/** The member of a user's object that has this canonical wire name, as it was given. */
export function givenMember(given: Given, name: string): Given | undefined {
  const container = given.value as Record<string, Json>
  const key = Object.keys(container).find((candidate) => toSnakeCase(candidate) === name)
  return key === undefined ? undefined : within(given, key, name)
}
