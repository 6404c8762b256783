import { errorResult, isJsonObject, type Json, type JsonObject, type Route, routes } from "@berth/spec"
import * as z from "zod"

/** The contract as OpenAPI 3.1: every schema is made from the one that reads the request. */
export function createOpenApi(version: string): JsonObject {
  const schemas: JsonObject = {}
  const paths: JsonObject = {}
  for (const route of Object.values(routes) as readonly Route[]) {
    const known = paths[route.path]
    paths[route.path] = {
      ...(isJsonObject(known) && known),
      [route.method.toLowerCase()]: toOperation(route, schemas),
    }
  }
  return {
    openapi: "3.1.0",
    info: { title: "Berth", version, license: { name: "Apache-2.0", identifier: "Apache-2.0" } },
    paths,
    components: { schemas, securitySchemes: { token: { type: "http", scheme: "bearer" } } },
  }
}

function toOperation(route: Route, schemas: JsonObject): JsonObject {
  const parameters = [...toParameters(route.params, "path", schemas), ...toParameters(route.query, "query", schemas)]
  const type = route.stream === "sse" ? "text/event-stream" : "application/json"
  const success: JsonObject = { description: route.description }
  if (route.result.def.type !== "void")
    success.content = { [type]: { schema: toSchema(route.result, "output", schemas) } }
  const error = { "application/json": { schema: toSchema(errorResult, "output", schemas) } }
  return {
    operationId: route.name,
    summary: route.description,
    ...(parameters.length > 0 && { parameters }),
    ...(hasBody(route) && {
      requestBody: {
        required: true,
        content: { "application/json": { schema: toSchema(route.body, "input", schemas) } },
      },
    }),
    responses: { "200": success, default: { description: "Why not, with every problem at its path.", content: error } },
    security: route.role === "public" ? [] : [{ token: [] }],
  }
}

function hasBody({ body }: Route): boolean {
  return body.def.type !== "undefined" && body.def.type !== "unknown"
}

function toParameters(schema: z.ZodType, place: "path" | "query", schemas: JsonObject): JsonObject[] {
  const { properties, required } = toSchema(schema, "input", schemas)
  if (!isJsonObject(properties)) return []
  const needed = new Set(Array.isArray(required) ? required : [])
  return Object.entries(properties).map(([name, value]) => ({
    name,
    in: place,
    required: place === "path" || needed.has(name),
    schema: value,
  }))
}

/** Named schemas go into the components, once; whoever uses them refers to them there. */
function toSchema(schema: z.ZodType, io: "input" | "output", schemas: JsonObject): JsonObject {
  const json = z.toJSONSchema(schema, { io, unrepresentable: "any", override: ({ jsonSchema }) => shorten(jsonSchema) })
  const { $schema: _dialect, $defs, ...rest } = json as unknown as JsonObject
  if (isJsonObject($defs)) for (const [name, value] of Object.entries($defs)) schemas[name] = toComponents(value)
  return toComponents(rest) as JsonObject
}

/** The format says it all; the pattern is 300 characters of leap years. */
function shorten(schema: { format?: string | undefined; pattern?: string | undefined }): void {
  if (schema.format === "date-time") delete schema.pattern
}

function toComponents(value: Json | undefined): Json {
  if (Array.isArray(value)) return value.map(toComponents)
  if (!isJsonObject(value)) return value ?? null
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, item]) => {
      if (key === "$ref" && typeof item === "string") return [[key, item.replace("#/$defs/", "#/components/schemas/")]]
      return [[key, toComponents(item)]]
    }),
  )
}
