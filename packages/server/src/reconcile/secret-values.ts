import { isJsonObject, type JsonObject, type Observation } from "@berth/spec"
import type { Store } from "../store/store.ts"
import { maskJson, type Patterns, toPatterns } from "./mask.ts"

const pageSize = 1000

/** What is masked in everything that a run of the project writes: every secret value that the project can reach. */
export async function readPatterns(store: Pick<Store, "secrets" | "settings">, project: string): Promise<Patterns> {
  const names = await secretNames(store, project)
  const values = Object.values(await store.secrets.values(project, names))
  const objects = await store.settings.objects(project)
  return toPatterns([...values, ...objects.filter(({ kind }) => kind === "Secret").flatMap(manifestValues)])
}

async function secretNames(store: Pick<Store, "secrets">, project: string): Promise<readonly string[]> {
  const names: string[] = []
  for (let page = 0; ; page++) {
    const { rows, total } = await store.secrets.list(project, { page, size: pageSize })
    names.push(...rows.filter(({ set }) => set).map(({ name }) => name))
    if (rows.length === 0 || (page + 1) * pageSize >= total) return names
  }
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
