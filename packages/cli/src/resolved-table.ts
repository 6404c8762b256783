import {
  defaultQueuedTimeout,
  isJsonObject,
  type Json,
  type JsonObject,
  type Parity,
  type Provenance,
  type ResolvedRun,
} from "@berth/spec"
import { wrapColumns } from "./table.ts"
import type { Terminal } from "./terminal.ts"

const colour = { enforced: "green", approximated: "yellow", ignored: "yellow" } as const satisfies Record<
  Parity["level"],
  string
>

/** What a run asks for, who asked it, and how faithfully it is met: one line each; how long it may wait comes last. */
export function formatResolved(resolved: ResolvedRun, terminal: Terminal): string {
  const met = new Map((resolved.parity ?? []).map((parity) => [parity.path, parity]))
  const rest = Object.keys(resolved.provenance).filter((leaf) => isTold(leaf) && !isCovered(leaf, met))
  const rows = [...met.keys(), ...rest].map((path) => {
    const parity = met.get(path)
    const value = lookUp(resolved.requirements, path)
    const level = parity === undefined ? "" : terminal.paint(colour[parity.level], parity.level)
    return ["", path, shorten(valueText(value)), layerOf(resolved.provenance, path), level, parity?.how ?? ""]
  })
  return wrapColumns([...rows, ...defaultRows(resolved.requirements, terminal)], terminal)
}

/** What holds although nobody asked for it, and ends a run. */
function defaultRows({ timeouts }: JsonObject, terminal: Terminal): readonly (readonly string[])[] {
  if (isJsonObject(timeouts) && timeouts.queued !== undefined) return []
  return [["", "timeouts.queued", defaultQueuedTimeout, "default", terminal.paint(colour.enforced, "enforced"), ""]]
}

const longestValue = 48

function shorten(text: string): string {
  return text.length <= longestValue ? text : `${text.slice(0, longestValue - 1)}…`
}

/** Of a volume its mount path says enough. */
function isTold(leaf: string): boolean {
  return !leaf.startsWith("volumes.") || leaf.endsWith(".mount_path")
}

/** Whether the line of a leaf, or of what it is a part of, is there already. */
function isCovered(leaf: string, met: ReadonlyMap<string, Parity>): boolean {
  return [...met.keys()].some((path) => leaf === path || leaf.startsWith(`${path}.`))
}

/** The layer that set a path, or the first part of it. */
function layerOf(provenance: Provenance, path: string): string {
  const exact = provenance[path]?.layer
  if (exact !== undefined) return exact
  const part = Object.entries(provenance).find(([key]) => key.startsWith(`${path}.`) || key.startsWith(`${path}[`))
  return part?.[1].layer ?? ""
}

/** The value at a canonical path, in which entries of lists go by their names. */
function lookUp(value: Json | undefined, path: string): Json | undefined {
  if (path === "" || value === undefined) return value
  if (Array.isArray(value)) return lookUpItem(value, path)
  if (!isJsonObject(value)) return undefined
  // A member's name may itself hold dots (a label key): the longest that fits is meant.
  const member = Object.keys(value)
    .filter((key) => path === key || path.startsWith(`${key}.`) || path.startsWith(`${key}[`))
    .sort((a, b) => b.length - a.length)[0]
  if (member === undefined) return undefined
  return lookUp(value[member], path.slice(member.length).replace(/^\./, ""))
}

function lookUpItem(list: readonly Json[], path: string): Json | undefined {
  const index = /^\[?(\d+)\]?(?:\.|$)/.exec(path)
  if (index !== null) return lookUp(list[Number(index[1])], path.slice(index[0].length))
  for (const item of list) {
    const name = typeof item === "string" ? item : isJsonObject(item) ? item.name : undefined
    if (typeof name !== "string") continue
    if (path === name) return item
    if (path.startsWith(`${name}.`)) return lookUp(item, path.slice(name.length + 1))
  }
  return undefined
}

/** A volume is where it is mounted, a variable its value, a secret the variable it fills; the rest is JSON. */
function valueText(value: Json | undefined): string {
  if (value === undefined) return ""
  if (!isJsonObject(value)) return typeof value === "string" ? value : JSON.stringify(value)
  if (typeof value.mount_path === "string") return value.mount_path
  if (typeof value.value === "string") return value.value
  if (typeof value.name === "string" && Object.keys(value).every((key) => ["name", "env", "optional"].includes(key))) {
    return `env ${typeof value.env === "string" ? value.env : value.name}`
  }
  if (Object.values(value).every((member) => typeof member === "string" || typeof member === "number")) {
    return formatMembers(value)
  }
  return JSON.stringify(value)
}

/** `limits 2, type v100`. */
function formatMembers(value: JsonObject): string {
  return Object.entries(value)
    .map(([name, member]) => `${name} ${member}`)
    .join(", ")
}
