import {
  type BuiltRun,
  createFinding,
  didYouMean,
  type EntityBody,
  type Finding,
  isJsonObject,
  type JsonObject,
  type Layer,
  type LayerName,
  normalise,
  type Profile,
  type Requirements,
  type Resolved,
  resolve,
} from "@berth/spec"
import { buildRun } from "../build.ts"
import { functionMembers, runMembers, taskMembers } from "../members.ts"
import { checkPolicy } from "../policy.ts"
import type { ProjectRow, Store } from "../store/store.ts"
import type { AppDeps } from "./deps.ts"
import { missingSpec } from "./envelope.ts"
import { findTarget, type Target } from "./run-target.ts"
import { checkEnvelope } from "./strict-spec.ts"

/** A request to run something, before anything is decided. */
export interface RunRequest {
  readonly project: ProjectRow
  readonly body: EntityBody
  readonly strict: "keys" | "all" | undefined
  /** The id the run has or will have. */
  readonly id: string
  /** ISO 8601 UTC. */
  readonly at: string
}

/** What a request became, with everything that is to be said about it. */
export interface Prepared {
  readonly target: Target
  readonly spec: JsonObject
  readonly resolved: Resolved
  /** `local_execution: true`: the client executes, the server records. */
  readonly clientExecuted: boolean
  /** Absent when something is missing. */
  readonly built: BuiltRun | undefined
  /** Errors first. */
  readonly findings: readonly Finding[]
}

/** Normalises, merges and checks a request. Reads the store, changes nothing. */
export async function prepareRun(deps: AppDeps, request: RunRequest): Promise<Prepared> {
  const { body, project } = request
  if (body.spec === undefined) throw missingSpec()
  const spec = body.spec
  const target = await findTarget(deps.store, { project: project.name, kind: body.kind, spec })
  const read = readLayers(deps, { request, spec, target })
  const profile = await readProfile(deps.store, read.layers)
  const resolved = resolve(read.layers, profile.layer)
  const policy = await deps.store.settings.policy(project.name)
  const clientExecuted = spec.local_execution === true
  const program = clientExecuted ? { built: undefined, findings: [] } : build(deps, { request, spec, target, resolved })
  const findings = [
    ...checkEnvelope(body, request.strict),
    ...target.findings,
    ...checkLocalExecution(spec),
    ...checkAction(deps, target),
    ...read.findings,
    ...profile.findings,
    ...resolved.findings,
    ...checkPolicy(policy, resolved),
    ...(await checkSecrets(deps.store, project.name, resolved)),
    ...program.findings,
  ]
  return { target, spec, resolved, clientExecuted, built: program.built, findings: findings.toSorted(bySeverity) }
}

const severityOrder = { error: 0, warning: 1, notice: 2 } as const

function bySeverity(left: Finding, right: Finding): number {
  return severityOrder[left.severity] - severityOrder[right.severity]
}

function checkLocalExecution({ local_execution: value }: JsonObject): readonly Finding[] {
  if (value === undefined || value === null || typeof value === "boolean") return []
  const data = { member: "local_execution", expected: "true or false" }
  return [createFinding("program.invalid", data, { path: ["local_execution"] })]
}

function checkAction({ config }: AppDeps, { action }: Target): readonly Finding[] {
  if (action !== "build" || config.executor !== "local") return []
  return [createFinding("action.unsupported", { action, executor: config.executor })]
}

interface Parts {
  readonly request: RunRequest
  readonly spec: JsonObject
  readonly target: Target
}

/** Every layer below the profile, lowest first, and what is to be said of each at its own paths. */
function readLayers({ config }: AppDeps, { request, spec, target }: Parts) {
  const { kind } = target
  const sources = [
    { name: "default", spec: config.defaults, known: [] },
    { name: "project", spec: request.project.spec.requirements, known: [] },
    { name: "function", spec: target.function?.spec, known: functionMembers[kind] },
    { name: "task", spec: target.task?.spec, known: taskMembers(kind) },
    { name: "run", spec, known: runMembers(kind) },
  ] as const satisfies readonly LayerSource[]
  const layers: Layer[] = []
  const findings: Finding[] = []
  for (const source of sources as readonly LayerSource[]) {
    if (!isJsonObject(source.spec)) continue
    const strict = source.name === "run" && request.strict !== undefined
    const read = normalise(source.spec, { unknownKeys: strict ? "error" : "warning", knownMembers: source.known })
    layers.push({ name: source.name, layer: read.layer, paths: read.paths })
    findings.push(...read.findings.map((finding) => ofLayer(finding, source.name)))
  }
  return { layers, findings }
}

interface LayerSource {
  readonly name: LayerName
  readonly spec: unknown
  readonly known: readonly string[]
}

/** A finding about another document than the request: it says whose, and offers no fix of the request. */
function ofLayer(finding: Finding, layer: LayerName): Finding {
  if (layer === "run") return finding
  const { fix: _fix, ...rest } = finding
  return { ...rest, data: { ...finding.data, layer } } as Finding
}

/** The profile that the highest layer asks for, as a layer of its own. */
async function readProfile(store: Store, layers: readonly Layer[]) {
  const asking = layers.findLast(({ layer }) => layer.profile !== undefined)
  const name = asking?.layer.profile
  if (asking === undefined || typeof name !== "string") return { layer: undefined, findings: [] }
  const profiles = await store.settings.profiles()
  const profile = profiles.find((candidate) => candidate.name === name)
  if (profile === undefined) return { layer: undefined, findings: [unknownProfile(name, asking, profiles)] }
  const read = normalise(profile.requirements, { unknownKeys: "warning", knownMembers: [] })
  const layer = { name: "profile", layer: read.layer, paths: read.paths, modes: profile.modes ?? {} } as const
  return { layer, findings: read.findings.map((finding) => ofLayer(finding, "profile")) }
}

function unknownProfile(name: string, asking: Layer, profiles: readonly Profile[]): Finding {
  const choices = profiles.map((profile) => profile.name)
  const suggestion = didYouMean(name, choices)
  const data = { name, choices, ...(suggestion !== undefined && { suggestion }) }
  return ofLayer(createFinding("profile.unknown", data, { path: asking.paths.profile ?? ["profile"] }), asking.name)
}

/** Secrets that a run asks for exist and have a value; one that is `optional` need not. */
async function checkSecrets(store: Store, project: string, resolved: Resolved): Promise<readonly Finding[]> {
  const wanted = (resolved.requirements.secrets ?? []).filter(({ optional }) => optional !== true)
  if (wanted.length === 0) return []
  const known = await readSecretNames(store, project, wanted)
  return wanted.flatMap(({ name }) => {
    const origin = resolved.provenance[`secrets.${name}`]
    const context = { path: origin?.path }
    const isSet = known.get(name)
    if (isSet === true) return []
    if (isSet === false) return [ofLayer(createFinding("secret.unset", { name }, context), origin?.layer ?? "run")]
    const suggestion = didYouMean(name, [...known.keys()])
    const data = { name, ...(suggestion !== undefined && { suggestion }) }
    return [ofLayer(createFinding("secret.missing", data, context), origin?.layer ?? "run")]
  })
}

/** Name → whether it has a value: those asked for, and the others there are, for a did-you-mean. */
async function readSecretNames(
  store: Store,
  project: string,
  wanted: NonNullable<Requirements["secrets"]>,
): Promise<ReadonlyMap<string, boolean>> {
  const pages = await Promise.all([
    ...wanted.map(({ name }) => store.secrets.list(project, { page: 0, size: 1, name })),
    store.secrets.list(project, { page: 0, size: 100 }),
  ])
  return new Map(pages.flatMap(({ rows }) => rows.map((row) => [row.name, row.set] as const)))
}

function build({ config }: AppDeps, { request, spec, target, resolved }: Parts & { readonly resolved: Resolved }) {
  const { function: row, action, kind, task } = target
  if (row === undefined || action === undefined || row.kind !== kind) return { built: undefined, findings: [] }
  return buildRun({
    project: request.project.name,
    run: request.id,
    action,
    function: { name: row.name, id: row.id, kind, spec: row.spec },
    task: task?.spec ?? {},
    spec,
    resolved,
    commandRequired: config.commandRequired,
    queuedAt: request.at,
  })
}
