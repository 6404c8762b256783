/** A JSON value as a client sent it. */
export type Json = string | number | boolean | null | Json[] | JsonObject

/** A JSON object as a client sent it: member order is kept. */
export interface JsonObject {
  [member: string]: Json
}

/** True for a JSON object: not null, not a list. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value)
}
