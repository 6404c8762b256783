import { isJsonObject, type Json, type JsonObject } from "../json.ts"
import type { Reading } from "./reading.ts"

const maxDepth = 64
/** Characters of one text of the requirements. */
const maxLength = 64 * 1024
/** Tab, line feed and carriage return are the control characters that a value may carry. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const control = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/

/** Whether a text of the requirements can be used; what cannot has been reported by {@link guard}. */
export function isSound(text: string): boolean {
  return text.length <= maxLength && forbiddenCharacter(text, "requirement") === undefined
}

/** Requirements carry no control characters; the members around them, which are the user's, only no NUL. */
type Where = "requirement" | "around"

interface Walk {
  /** Of the value that is looked at; grows and shrinks on the way. */
  readonly path: (string | number)[]
  readonly isRequirement: (key: string) => boolean
  readonly reading: Reading
}

/**
 * Looks through a whole spec, whatever its form, for what no reader expects: nesting without end, `__proto__`, NUL and
 * broken Unicode; in requirements also other control characters and endless texts.
 */
export function guard(spec: Json, isRequirement: (key: string) => boolean, reading: Reading): void {
  visit(spec, "around", { path: [], isRequirement, reading })
}

function visit(value: Json, where: Where, walk: Walk): void {
  if (typeof value === "string") checkText(value, where, walk)
  if (typeof value !== "object" || value === null) return
  const { path, reading } = walk
  if (path.length >= maxDepth) reading.say("field.too_deep", { max: maxDepth }, { path: [...path] })
  else if (isJsonObject(value)) visitMembers(value, where, walk)
  else for (const [index, entry] of value.entries()) visitChild(index, entry, { where, walk })
}

function visitMembers(value: JsonObject, where: Where, walk: Walk): void {
  const { path, reading, isRequirement } = walk
  const isTop = path.length === 0
  for (const key of Object.keys(value)) {
    if (key === "__proto__") {
      reading.say("field.prototype", { key }, { path: [...path, key] })
      continue
    }
    const character = forbiddenCharacter(key, "requirement")
    if (character !== undefined) reading.say("field.character", { character }, { path: [...path, key] })
    visitChild(key, value[key] ?? null, { where: isTop && isRequirement(key) ? "requirement" : where, walk })
  }
}

function visitChild(key: string | number, value: Json, { where, walk }: { where: Where; walk: Walk }): void {
  walk.path.push(key)
  visit(value, where, walk)
  walk.path.pop()
}

function checkText(value: string, where: Where, { path, reading }: Walk): void {
  const character = forbiddenCharacter(value, where)
  if (character !== undefined) reading.say("field.character", { character }, { path: [...path] })
  if (where === "requirement" && value.length > maxLength) {
    reading.say("field.too_long", { length: value.length, max: maxLength }, { path: [...path] })
  }
}

function forbiddenCharacter(text: string, where: Where): string | undefined {
  if (!text.isWellFormed()) return "half of a surrogate pair"
  const found = where === "requirement" ? control.exec(text)?.[0] : text.includes("\0") ? "\0" : undefined
  return found === undefined ? undefined : `U+${found.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0")}`
}
