import { BerthError, createFinding, type Finding, isJsonObject, type JsonObject } from "@berth/spec"
import type { AppDeps } from "./deps.ts"
import type { Handlers } from "./handlers.ts"
import { requireProject } from "./projects.ts"
import { requireRun } from "./runs.ts"

/** How long a question to the executor may take. */
const askTimeoutMs = 10_000

type ClusterHandlers = Pick<Handlers, "explainRun" | "readInventory" | "writeObjects" | "listObjects">

/** What there is to ask for and why a run is where it is: read-only questions to the executor. */
export function clusterHandlers(deps: AppDeps): ClusterHandlers {
  const { store } = deps
  return {
    async explainRun({ params }) {
      const run = await requireRun(store, params.project, params.run)
      const attempt = (await store.runs.attempts(run.project, run.id)).findLast((row) => row.ended === undefined)
      const seen =
        attempt === undefined ? [] : await deps.explain(attempt.attempt, { signal: AbortSignal.timeout(askTimeoutMs) })
      return { state: run.state, findings: withoutRepetition([...seen, ...run.findings]) }
    },
    async readInventory({ params }) {
      await requireProject(store, params.project)
      return deps.inventory(params.project, { signal: AbortSignal.timeout(askTimeoutMs) })
    },
    async writeObjects({ params, body }) {
      await requireProject(store, params.project)
      if (deps.config.executor !== "local") {
        throw new BerthError("unsupported", "Objects of this cluster are made with kubectl, not through Berth.")
      }
      const issues = checkObjects(body.objects)
      if (issues.length > 0) throw new BerthError("invalid", issues[0]?.message ?? "Invalid objects.", { issues })
      await store.settings.putObjects(params.project, body.objects, deps.now().toISOString())
      await deps.objectsChanged(params.project)
      return { objects: body.objects.map(nameOf) }
    },
    async listObjects({ params }) {
      await requireProject(store, params.project)
      return { objects: (await store.settings.objects(params.project)).map(nameOf) }
    },
  }
}

function withoutRepetition(findings: readonly Finding[]): readonly Finding[] {
  const seen = new Set<string>()
  return findings.filter((finding) => {
    const key = JSON.stringify([finding.code, finding.path, finding.data])
    return !seen.has(key) && seen.add(key)
  })
}

const objectKinds: ReadonlySet<unknown> = new Set(["ConfigMap", "Secret", "PersistentVolumeClaim", "Node"])
const objectName = /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/
const dataKey = /^(?!\.{1,2}$)[A-Za-z0-9._-]{1,253}$/
const base64 = /^[A-Za-z0-9+/\s]*(=\s*){0,2}$/

function nameOf(object: JsonObject): { readonly kind: string; readonly name: string } {
  const metadata = isJsonObject(object.metadata) ? object.metadata : {}
  return { kind: String(object.kind), name: String(metadata.name) }
}

function checkObjects(objects: readonly JsonObject[]): readonly Finding[] {
  const nodes = objects.filter(({ kind }) => kind === "Node")
  const names = objects.map((object) => JSON.stringify(nameOf(object)))
  const problems = objects.flatMap((object, index) => {
    const repeated =
      names.indexOf(names[index] ?? "") < index ? [[["metadata", "name"], "it is there twice"] as const] : []
    return [...checkObject(object), ...repeated].map(([path, problem]) =>
      createFinding("object.invalid", { problem }, { path: ["objects", index, ...path] }),
    )
  })
  if (nodes.length < 2) return problems
  const problem = `${nodes.length} Nodes, and this machine is one`
  return [...problems, createFinding("object.invalid", { problem }, { path: ["objects"] })]
}

type Problem = readonly [path: readonly string[], problem: string]

function checkObject(object: JsonObject): readonly Problem[] {
  if (!objectKinds.has(object.kind)) return [[["kind"], `its kind is ${JSON.stringify(object.kind)}`]]
  const { name } = isJsonObject(object.metadata) ? object.metadata : {}
  if (typeof name !== "string" || !objectName.test(name)) {
    return [[["metadata", "name"], `${JSON.stringify(name)} is no name of a Kubernetes object`]]
  }
  if (object.kind === "ConfigMap") return [...checkData(object, "data"), ...checkData(object, "binaryData")]
  if (object.kind === "Secret") return [...checkData(object, "data"), ...checkData(object, "stringData")]
  return []
}

/** Keys become file names; `data` of a Secret and `binaryData` are base64. */
function checkData(object: JsonObject, member: string): readonly Problem[] {
  const value = object[member]
  if (value === undefined || value === null) return []
  if (!isJsonObject(value)) return [[[member], `${member} is no map of names to texts`]]
  const encoded = member === "binaryData" || (object.kind === "Secret" && member === "data")
  return Object.entries(value).flatMap(([key, text]): readonly Problem[] => {
    if (!dataKey.test(key))
      return [[[member, key], `${JSON.stringify(key)} is no key: letters, digits, -, _ and . only`]]
    if (typeof text !== "string") return [[[member, key], `${key} is no text`]]
    return encoded && !base64.test(text) ? [[[member, key], `${key} is no base64`]] : []
  })
}
