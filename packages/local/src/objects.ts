import { isJsonObject, type Json, type JsonObject } from "@berth/spec"

/** The manifest of this kind and name, if it was given. */
export function findObject(objects: readonly JsonObject[], kind: string, name: string): JsonObject | undefined {
  return objects.find((object) => object.kind === kind && nameOf(object) === name)
}

/** The names of all manifests of a kind, sorted. */
export function namesOf(objects: readonly JsonObject[], kind: string): readonly string[] {
  return objects
    .filter((object) => object.kind === kind)
    .map(nameOf)
    .filter((name) => name !== "")
    .sort()
}

export function nameOf(object: JsonObject): string {
  const name = memberOf(object, "metadata").name
  return typeof name === "string" ? name : ""
}

/** A member that is an object; empty when it is absent or something else. */
export function memberOf(object: JsonObject, member: string): JsonObject {
  const value: Json | undefined = object[member]
  return isJsonObject(value) ? value : {}
}

/** Members with text, numbers and booleans as text; everything else is left out. */
export function textsOf(object: JsonObject): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(object)
      .filter(([, value]) => typeof value === "string" || typeof value === "number" || typeof value === "boolean")
      .map(([name, value]) => [name, String(value)]),
  )
}
