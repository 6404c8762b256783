import type { JsonObject } from "@berth/spec"

/** The state of an entity that keeps it in its status, as lists filter by it. */
export function stateOf(status: JsonObject): string | null {
  return typeof status.state === "string" ? status.state : null
}
