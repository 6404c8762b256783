import { type Finding, isJsonObject, type JsonObject, type Observation } from "@berth/spec"
import type { Store } from "../store/store.ts"
import { maskJson, type Patterns, toPatterns } from "./mask.ts"

/** What is masked in everything that a run of the project writes: every secret value that the project can reach. */
export async function readPatterns(store: Pick<Store, "secrets" | "settings">, project: string): Promise<Patterns> {
  const values = await store.secrets.everyValue(project)
  const objects = await store.settings.objects(project)
  return toPatterns([...values, ...objects.filter(({ kind }) => kind === "Secret").flatMap(manifestValues)])
}

function manifestValues({ data, stringData }: JsonObject): readonly string[] {
  const encoded = textsOf(data).map((value) => Buffer.from(value, "base64").toString("utf8"))
  return [...encoded, ...textsOf(stringData)]
}

function textsOf(members: JsonObject[string] | undefined): readonly string[] {
  if (!isJsonObject(members)) return []
  return Object.values(members).filter((value) => typeof value === "string")
}

/** Whether an observation carries text of the program's or the runtime's own, which may hold a secret value. */
export function hasForeignText(observation: Observation): boolean {
  if (observation.phase === "ended") return true
  return observation.phase !== "absent" && (observation.reasons ?? []).length > 0
}

/** The observation without secret values in its result, messages and evidence. */
export function maskObservation(observation: Observation, patterns: Patterns): Observation {
  if (patterns.length === 0) return observation
  const { attempt, at, phase } = observation
  const masked = maskJson(JSON.parse(JSON.stringify(observation)), patterns)
  return { ...masked, attempt, at, phase }
}

/** Findings without secret values in their messages, data and evidence. */
export function maskFindings(findings: readonly Finding[], patterns: Patterns): readonly Finding[] {
  if (patterns.length === 0) return findings
  return findings.map((finding) => {
    const { code, severity, class: cause } = finding
    return { ...maskJson(JSON.parse(JSON.stringify(finding)), patterns), code, severity, class: cause }
  })
}
