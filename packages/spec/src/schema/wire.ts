import * as z from "zod"
import type { JsonObject } from "../json.ts"
import { toSnakeCase } from "../wire-name.ts"
import { canonicalSchema } from "./schema.ts"

/**
 * The canonical requirements as they travel: `canonicalSchema` with snake_case members, derived from it. The reference
 * page, OpenAPI and forms come from this schema; `normalise` accepts far more.
 */
export const requirementsSchema = toWireSchema(canonicalSchema) as z.ZodType<JsonObject>

/** The same schema with its own members in snake_case; a map's keys are the user's and stay. */
export function toWireSchema(schema: z.ZodType): z.ZodType {
  const wire = convert(schema)
  const meta = schema.meta()
  return wire === schema || meta === undefined ? wire : wire.meta(meta)
}

function convert(schema: z.ZodType): z.ZodType {
  if (schema instanceof z.ZodExactOptional) return z.exactOptional(toWireSchema(schema.unwrap() as z.ZodType))
  if (schema instanceof z.ZodArray) return z.array(toWireSchema(schema.element as z.ZodType))
  if (schema instanceof z.ZodObject) return convertObject(schema)
  if (schema instanceof z.ZodDiscriminatedUnion) {
    const options = (schema.options as z.ZodObject[]).map(convertObject)
    const [first, ...others] = options
    return first === undefined
      ? schema
      : z.discriminatedUnion(toSnakeCase(schema.def.discriminator), [first, ...others])
  }
  if (schema instanceof z.ZodUnion) return z.union((schema.options as z.ZodType[]).map(toWireSchema))
  return schema
}

function convertObject(schema: z.ZodObject): z.ZodObject {
  const members = Object.entries(schema.shape).map(([name, member]) => [
    toSnakeCase(name),
    toWireSchema(member as z.ZodType),
  ])
  return z.strictObject(Object.fromEntries(members))
}
