import { BerthError, createFinding, type Finding, type Json } from "@berth/spec"
import { parseDocument } from "yaml"

/** How deep a body may nest. */
export const maxDepth = 64
/** A YAML document may not be larger: reading it costs far more than JSON. */
const maxYamlBytes = 1024 * 1024
const maxAliases = 100
const maxFindings = 100

/**
 * Bytes of a request into JSON that can be kept and handed on: well-formed UTF-8, no NUL, no `__proto__`, finite
 * numbers, nested at most {@link maxDepth} deep.
 *
 * @throws BerthError `invalid` naming every such place
 */
export function parseBody(bytes: Uint8Array, format: "JSON" | "YAML"): Json {
  const text = decodeUtf8(bytes, format)
  const value = format === "JSON" ? parseJson(text) : parseYaml(text)
  const findings = checkValue(value)
  if (findings.length > 0)
    throw new BerthError("invalid", findings[0]?.message ?? "The body is invalid.", { issues: findings })
  return value
}

function decodeUtf8(bytes: Uint8Array, format: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes)
  } catch (cause) {
    throw malformed(format, "it is not UTF-8.", cause)
  }
}

function parseJson(text: string): Json {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw malformed("JSON", cause instanceof Error ? `${withoutExcerpt(cause.message)}.` : "it does not parse.")
  }
}

/** The parser shows what stands around the mistake, which may be a secret value on its way to be stored. */
function withoutExcerpt(message: string): string {
  return message.replace(/, (\.{3})?".*"(\.{3})? is not valid JSON$/s, " is not expected there")
}

function parseYaml(text: string): Json {
  if (text.length > maxYamlBytes) throw tooLarge(maxYamlBytes)
  const document = parseDocument(text, { schema: "core", stringKeys: true, logLevel: "error" })
  const problem = document.errors[0] ?? document.warnings[0]
  if (problem !== undefined) throw malformed("YAML", `${problem.code} ${placeOf(problem.linePos?.[0])}.`)
  try {
    return document.toJS({ maxAliasCount: maxAliases })
  } catch (cause) {
    const isCount = cause instanceof Error && cause.message.includes("alias count")
    throw malformed("YAML", isCount ? "it repeats itself too often." : "an alias has no anchor before it.")
  }
}

function placeOf(position: { readonly line: number; readonly col: number } | undefined): string {
  return position === undefined ? "somewhere" : `at line ${position.line}, column ${position.col}`
}

/** What a body over the limit is answered. */
export function tooLarge(limitBytes: number): BerthError {
  return refuse(createFinding("request.too_large", { limitBytes }))
}

function malformed(format: string, reason: string, cause?: unknown): BerthError {
  const shown = reason.length > 300 ? `${reason.slice(0, 300)}…` : reason
  return refuse(createFinding("request.malformed", { format, reason: shown }), cause)
}

function refuse(finding: Finding, cause?: unknown): BerthError {
  return new BerthError("invalid", finding.message, { issues: [finding], cause })
}

/** One walk with one path that grows and shrinks: a body may hold a million values. */
function checkValue(root: Json): readonly Finding[] {
  const findings: Finding[] = []
  const path: (string | number)[] = []
  let tooDeep = false
  const note = (what: string) => {
    if (findings.length < maxFindings) findings.push(createFinding("request.text", { what }, { path: [...path] }))
  }
  const visit = (value: Json): void => {
    if (typeof value === "string") noteText(value, "text", note)
    if (typeof value === "number" && !Number.isFinite(value)) note("A number beyond the range of doubles")
    if (typeof value !== "object" || value === null) return
    if (path.length >= maxDepth) {
      tooDeep = true
      return
    }
    if (Array.isArray(value)) for (let index = 0; index < value.length; index += 1) enter(index, value[index])
    else for (const key of Object.keys(value)) enter(key, value[key])
  }
  const enter = (key: string | number, value: Json | undefined): void => {
    path.push(key)
    if (key === "__proto__") note("The member name __proto__")
    if (typeof key === "string") noteText(key, "a member name", note)
    if (value !== undefined) visit(value)
    path.pop()
  }
  visit(root)
  return tooDeep ? [createFinding("request.too_deep", { limit: maxDepth })] : findings
}

function noteText(text: string, where: string, note: (what: string) => void): void {
  if (text.includes("\0")) note(`A NUL character in ${where}`)
  else if (!text.isWellFormed()) note(`Half of a surrogate pair in ${where}`)
}
