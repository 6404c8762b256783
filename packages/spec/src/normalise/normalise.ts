import type { Finding } from "../finding.ts"
import type { Json, JsonObject } from "../json.ts"
import type { Path } from "../path.ts"
import type { RequirementsLayer } from "../requirements.ts"
import { serviceTypeSchema } from "../schema/schema.ts"
import { toCamelCase, toSnakeCase } from "../wire-name.ts"
import { readAffinity } from "./affinity.ts"
import { readEnvs, readSecrets } from "./envs.ts"
import { guard } from "./guard.ts"
import { aliasesOf } from "./historic.ts"
import { readAnnotations, readNodeSelector, readPodLabels } from "./maps.ts"
import { type Members, readMembers } from "./members.ts"
import { createReading, type Given, named, type Reading, show } from "./reading.ts"
import { readResources } from "./resources.ts"
import {
  readBackoffLimit,
  readClass,
  readFlatSecurity,
  readPodPatch,
  readProfile,
  readReplicas,
  readRetries,
  readSecurityContext,
  readServiceName,
  readServicePorts,
  readTimeouts,
} from "./settings.ts"
import { readTolerations } from "./tolerations.ts"
import { readChoice } from "./values.ts"
import { readVolumes } from "./volumes.ts"

/** A spec read into the canonical form. */
export interface Normalised {
  /** The requirements it asks for; valid parts only when there are errors. */
  readonly layer: RequirementsLayer
  /** Canonical leaf path (as in {@link Provenance}) → where the user wrote it. */
  readonly paths: Readonly<Record<string, Path>>
  /** Everything that is wrong (errors) and everything that was changed (warnings, notices). */
  readonly findings: readonly Finding[]
  /** Members that are no requirements (image, command, parameters …), as sent. */
  readonly rest: JsonObject
}

export interface NormaliseOptions {
  /** `error`: unknown keys refuse (strict clients); `warning`: they are kept and reported (wire-compatible endpoints). */
  readonly unknownKeys: "error" | "warning"
  /** Members of the spec that belong to the entity's kind and are no unknown keys. */
  readonly knownMembers: readonly string[]
}

type Field = keyof RequirementsLayer
type Reader<Value> = (given: Given, reading: Reading) => Value | null | undefined

/** How each field is read; every reader reports what is wrong and returns what can be used. */
const readers: { readonly [Name in Field]-?: Reader<NonNullable<RequirementsLayer[Name]>> } = {
  nodeSelector: readNodeSelector,
  volumes: readVolumes,
  resources: readResources,
  affinity: readAffinity,
  tolerations: readTolerations,
  envs: readEnvs,
  secrets: readSecrets,
  podLabels: readPodLabels,
  annotations: readAnnotations,
  profile: readProfile,
  priorityClass: readClass,
  runtimeClass: readClass,
  securityContext: readSecurityContext,
  timeouts: readTimeouts,
  retries: readRetries,
  servicePorts: readServicePorts,
  serviceType: (given, reading) => readChoice(given, { allowed: serviceTypeSchema.options }, reading),
  serviceName: readServiceName,
  replicas: readReplicas,
  podPatch: readPodPatch,
}

/** Wire name → field. */
const fieldNames = new Map((Object.keys(readers) as Field[]).map((field) => [toSnakeCase(field), field]))

/** The requirements' names on the wire: what a spec may say besides the members of its kind. */
export const requirementNames: readonly string[] = [...fieldNames.keys()]

/** Members of every spec that are read here but are not requirements of their own. */
const further = ["run_as_user", "run_as_group", "fs_group", "backoff_limit"] as const
/** Members that stay as they are, whatever the kind. */
const alwaysKnown = ["labels", "schedule", "local_execution"] as const

const names: readonly string[] = [...requirementNames, ...further]
const aliases = aliasesOf("")
const ours = new Set([...names, ...names.map(toCamelCase), ...aliases.keys(), "labels"])

/**
 * Reads any historic or present form of a spec's requirements into the canonical layer.
 * Never throws: whatever is wrong is a finding with its path.
 */
export function normalise(spec: JsonObject, options: NormaliseOptions): Normalised {
  const reading = createReading(options.unknownKeys === "error")
  const root: Given = { value: spec, path: [], name: "" }
  guard(spec, (key) => ours.has(key), reading)
  const known = new Set<string>([...options.knownMembers, ...alwaysKnown])
  const suggestions = options.knownMembers
  const members = readMembers(root, { names, aliases, isKnown: (key) => known.has(key), suggestions }, reading) ?? {}
  const layer: Record<string, unknown> = {}
  for (const [name, field] of fieldNames) {
    const given = members[name]
    const value = given && readField(field, given, reading)
    if (value !== undefined) layer[field] = value
  }
  readFurther(layer, members, reading)
  const rest = readRest(spec, layer, reading)
  return { layer, paths: Object.fromEntries(reading.paths), findings: reading.findings, rest }
}

function readField(field: Field, given: Given, reading: Reading): unknown {
  if (given.value !== null) return readers[field](given, reading)
  reading.place(given)
  return null
}

/** Today's and the page's spellings of things that have a place of their own now. */
function readFurther(layer: Record<string, unknown>, members: Members<string>, reading: Reading): void {
  const flat = readFlatSecurity(members, reading)
  if (Object.keys(flat).length > 0) merge("securityContext", flat, { layer, members, reading })
  const backoff = members.backoff_limit
  const user = backoff && readBackoffLimit(backoff, reading)
  if (user !== undefined) merge("retries", { user }, { layer, members, reading })
}

/** Adds members to a record field; one that is there already was given twice. */
function merge(
  field: "securityContext" | "retries",
  added: Readonly<Record<string, number | null>>,
  {
    layer,
    members,
    reading,
  }: {
    readonly layer: Record<string, unknown>
    readonly members: Members<string>
    readonly reading: Reading
  },
): void {
  const present = (layer[field] ?? {}) as Record<string, unknown>
  for (const name of Object.keys(added).filter((candidate) => Object.hasOwn(present, candidate))) {
    const used = field === "retries" ? "backoff_limit" : toSnakeCase(name)
    const first = `${toSnakeCase(field)}.${toSnakeCase(name)}`
    reading.say("field.twice", { first, second: used }, { path: members[used]?.path })
  }
  layer[field] = { ...added, ...present }
}

/** What is no requirement, as sent; `labels` that are pairs are the pod's. */
function readRest(spec: JsonObject, layer: Record<string, unknown>, reading: Reading): JsonObject {
  const rest: JsonObject = {}
  for (const [key, value] of Object.entries(spec)) {
    if (key === "labels" && isPodLabels(value)) readLabels(value, layer, reading)
    else if (key === "labels" || (!ours.has(key) && key !== "__proto__")) rest[key] = value
  }
  const { schedule } = rest
  if (schedule !== undefined && schedule !== null) {
    reading.say("historic.schedule", { schedule: show(schedule) }, { path: ["schedule"] })
  }
  return rest
}

/** A map, or a list with objects: words alone are labels of the entity. */
function isPodLabels(labels: Json): boolean {
  if (!Array.isArray(labels)) return typeof labels === "object" && labels !== null
  return labels.some((label) => typeof label === "object" && label !== null)
}

function readLabels(value: Json, layer: Record<string, unknown>, reading: Reading): void {
  const given: Given = { value, path: ["labels"], name: "labels" }
  if (layer.podLabels !== undefined) {
    reading.say("field.twice", { first: "pod_labels", second: "labels" }, { path: given.path })
    return
  }
  const fix = [{ from: "/labels", path: "/pod_labels", op: "move" }] as const
  const data = { used: "labels with values", canonical: "pod_labels" }
  reading.say("historic.form", data, { path: given.path, ...(!Array.isArray(value) && { fix }) })
  const labels = readPodLabels(named(given, "pod_labels"), reading)
  if (labels !== undefined) layer.podLabels = labels
}
