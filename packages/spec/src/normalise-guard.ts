import { isJsonObject } from "./json.ts"
import { type Given, type Reading, within } from "./normalise-reading.ts"

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

/**
 * Looks through a whole spec, whatever its form, for what no reader expects: nesting without end, `__proto__`, NUL and
 * broken Unicode; in requirements also other control characters and endless texts.
 */
export function guard(root: Given, isRequirement: (key: string) => boolean, reading: Reading): void {
  const open: { readonly given: Given; readonly where: Where }[] = [{ given: root, where: "around" }]
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { given, where } = next
    checkText(given, where, reading)
    const children = childrenOf(given, reading)
    for (const child of children.reverse()) {
      const begins = given.path.length === 0 && isRequirement(String(child.path[0]))
      open.push({ given: child, where: begins ? "requirement" : where })
    }
  }
}

function childrenOf(given: Given, reading: Reading): Given[] {
  const { value, path } = given
  if (typeof value !== "object" || value === null) return []
  if (path.length >= maxDepth) {
    reading.say("field.too_deep", { max: maxDepth }, { path })
    return []
  }
  if (!isJsonObject(value)) return value.map((_, index) => within(given, index))
  return Object.keys(value).flatMap((key) => {
    const character = forbiddenCharacter(key, "requirement")
    if (key === "__proto__") reading.say("field.prototype", { key }, { path: [...path, key] })
    if (character !== undefined) reading.say("field.character", { character }, { path: [...path, key] })
    return key === "__proto__" ? [] : [within(given, key)]
  })
}

function checkText(given: Given, where: Where, reading: Reading): void {
  const { value, path } = given
  if (typeof value !== "string") return
  const character = forbiddenCharacter(value, where)
  if (character !== undefined) reading.say("field.character", { character }, { path })
  if (where === "requirement" && value.length > maxLength) {
    reading.say("field.too_long", { length: value.length, max: maxLength }, { path })
  }
}

function forbiddenCharacter(text: string, where: Where): string | undefined {
  if (!text.isWellFormed()) return "half of a surrogate pair"
  const found = where === "requirement" ? control.exec(text)?.[0] : text.includes("\0") ? "\0" : undefined
  return found === undefined ? undefined : `U+${found.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0")}`
}
