import { BerthError, createFinding, type Finding, isJsonObject, type Json, type Path } from "@berth/spec"
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
    throw malformed("JSON", cause instanceof Error ? `${cause.message}.` : "it does not parse.", cause)
  }
}

function parseYaml(text: string): Json {
  if (text.length > maxYamlBytes) throw tooLarge(maxYamlBytes)
  const document = parseDocument(text, { schema: "core", stringKeys: true, logLevel: "silent" })
  const problem = document.errors[0] ?? document.warnings[0]
  if (problem !== undefined) throw malformed("YAML", `${problem.message.split("\n")[0] ?? ""}`, problem)
  try {
    return document.toJS({ maxAliasCount: maxAliases })
  } catch (cause) {
    throw malformed("YAML", cause instanceof Error ? cause.message : "it does not resolve.", cause)
  }
}

/** What a body over the limit is answered. */
export function tooLarge(limitBytes: number): BerthError {
  return refuse(createFinding("request.too_large", { limitBytes }))
}

function malformed(format: string, reason: string, cause: unknown): BerthError {
  const shown = reason.length > 300 ? `${reason.slice(0, 300)}…` : reason
  return refuse(createFinding("request.malformed", { format, reason: shown }), cause)
}

function refuse(finding: Finding, cause?: unknown): BerthError {
  return new BerthError("invalid", finding.message, { issues: [finding], cause })
}

/** Walks without recursion: the depth of what came is not known to be small. */
function checkValue(root: Json): readonly Finding[] {
  const findings: Finding[] = []
  const open: { value: Json; path: Path }[] = [{ value: root, path: [] }]
  while (open.length > 0 && findings.length < maxFindings) {
    const next = open.pop()
    if (next === undefined) break
    findings.push(...checkLeaf(next.value, next.path))
    if (typeof next.value !== "object" || next.value === null) continue
    if (next.path.length >= maxDepth) {
      return [createFinding("request.too_deep", { limit: maxDepth }, { path: next.path.slice(0, 8) })]
    }
    for (const [key, value] of childrenOf(next.value)) open.push({ value, path: [...next.path, key] })
  }
  return findings
}

function childrenOf(value: Json[] | { [member: string]: Json }): readonly (readonly [string | number, Json])[] {
  return isJsonObject(value) ? Object.entries(value) : value.map((item, index) => [index, item] as const)
}

function checkLeaf(value: Json, path: Path): readonly Finding[] {
  const key = path.at(-1)
  const problems = [
    ...(key === "__proto__" ? ["The member name __proto__"] : []),
    ...(typeof key === "string" ? textProblems(key, "a member name") : []),
    ...(typeof value === "string" ? textProblems(value, "text") : []),
    ...(typeof value === "number" && !Number.isFinite(value) ? ["A number beyond the range of doubles"] : []),
  ]
  return problems.map((what) => createFinding("request.text", { what }, { path }))
}

function textProblems(text: string, where: string): readonly string[] {
  if (text.includes("\0")) return [`A NUL character in ${where}`]
  if (!text.isWellFormed()) return [`Half of a surrogate pair in ${where}`]
  return []
}
