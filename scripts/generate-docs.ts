import { writeFile } from "node:fs/promises"
import { join } from "node:path"
import { isJsonObject, type Json, type JsonObject, requirementsSchema, vocabulary } from "@berth/spec"
import * as z from "zod"
import { root } from "./programs.ts"

/** Writes the reference pages of `docs/` from what the program itself reads; checked unchanged by `npm run check`. */
await writeFile(join(root, "docs/requirements.md"), requirementsPage())
await writeFile(join(root, "docs/findings.md"), findingsPage())

function requirementsPage(): string {
  const schema = z.toJSONSchema(requirementsSchema, { io: "input" }) as JsonObject
  return [
    "# Requirements",
    "",
    "Every field that a run can ask for, in its canonical form on the wire and in YAML. TypeScript has the same names in",
    "camelCase. Older and shorter forms are read too, and each run says what they were read as.",
    "",
    "| field | type | |",
    "|---|---|---|",
    ...fields(dereference(schema, definitionsOf(schema)), "", definitionsOf(schema)),
    "",
  ].join("\n")
}

function definitionsOf(schema: JsonObject): JsonObject {
  return isJsonObject(schema.$defs) ? schema.$defs : {}
}

/** One row per field; a field's own fields below it. */
function fields(schema: JsonObject, path: string, definitions: JsonObject): string[] {
  const { properties } = schema
  if (!isJsonObject(properties)) return []
  return Object.entries(properties).flatMap(([name, given]) => {
    const field = dereference(given, definitions)
    const here = path === "" ? name : `${path}.${name}`
    return [row(here, field, given), ...fieldsBelow(field, here, definitions)]
  })
}

function fieldsBelow(field: JsonObject, here: string, definitions: JsonObject): string[] {
  // Kubernetes' own tree, which its pages explain better.
  if (here === "affinity") return []
  const item = isJsonObject(field.items) ? dereference(field.items, definitions) : undefined
  const arms = [field, ...(item === undefined ? [] : [item])].flatMap((schema) => [
    schema,
    ...armsOf(schema, definitions),
  ])
  const place = item === undefined ? here : `${here}[]`
  return [...new Set(arms.flatMap((arm) => fields(arm, place, definitions)))]
}

function armsOf(schema: JsonObject, definitions: JsonObject): JsonObject[] {
  const arms = [schema.oneOf, schema.anyOf, schema.allOf].find(Array.isArray) ?? []
  return arms.filter(isJsonObject).map((arm) => dereference(arm, definitions))
}

function dereference(schema: Json | undefined, definitions: JsonObject): JsonObject {
  if (!isJsonObject(schema)) return {}
  const name = typeof schema.$ref === "string" ? schema.$ref.replace("#/$defs/", "") : undefined
  const target = name === undefined ? undefined : definitions[name]
  return isJsonObject(target) ? { ...target, ...schema } : schema
}

function row(path: string, field: JsonObject, given: Json): string {
  const description = (isJsonObject(given) && given.description) || field.description || ""
  return `| \`${path}\` | ${typeText(field)} | ${cell(String(description))} |`
}

function typeText(field: JsonObject): string {
  if (Array.isArray(field.enum)) return field.enum.map((value) => `\`${JSON.stringify(value)}\``).join(" ")
  if (field.const !== undefined) return `\`${JSON.stringify(field.const)}\``
  if (field.type === "array") return "list"
  if (field.type === "object") return isJsonObject(field.properties) ? "object" : "map"
  return typeof field.type === "string" ? field.type : "object"
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll("\n", " ")
}

function findingsPage(): string {
  const rows = Object.entries(vocabulary)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([code, entry]) => `| \`${code}\` | ${entry.severity} | ${entry.class} |`)
  return [
    "# Findings",
    "",
    "Everything that Berth can say about a request or a run: one closed vocabulary for validation, planning, waiting and",
    "failing. An `error` refuses a request or ends a run, the others ride along. The class says who can do something.",
    "",
    "| code | severity | class |",
    "|---|---|---|",
    ...rows,
    "",
  ].join("\n")
}
