import { isJsonObject, type Json } from "@berth/spec"

const lineWidth = 100

/** JSON for people: what fits on a line stays on one. */
export function formatJson(value: Json, indent = ""): string {
  const line = toLine(value)
  if (line.length + indent.length <= lineWidth || (!Array.isArray(value) && !isJsonObject(value))) return line
  const inner = `${indent}  `
  const items = Array.isArray(value)
    ? value.map((item) => `${inner}${formatJson(item, inner)}`)
    : Object.entries(value).map(([name, item]) => `${inner}${JSON.stringify(name)}: ${formatJson(item, inner)}`)
  const [open, close] = Array.isArray(value) ? ["[", "]"] : ["{", "}"]
  return `${open}\n${items.join(",\n")}\n${indent}${close}`
}

function toLine(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(toLine).join(", ")}]`
  if (!isJsonObject(value)) return JSON.stringify(value)
  const members = Object.entries(value).map(([name, member]) => `${JSON.stringify(name)}: ${toLine(member)}`)
  return members.length === 0 ? "{}" : `{ ${members.join(", ")} }`
}
