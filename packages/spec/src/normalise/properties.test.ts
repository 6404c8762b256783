import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { scaled } from "../../../../scripts/scale.ts"
import type { Json, JsonObject } from "../json.ts"
import type { Path } from "../path.ts"
import { type Requirements, type Volume, volumeTypes } from "../requirements.ts"
import { canonicalSchema } from "../schema/schema.ts"
import { toWire } from "../wire.ts"
import { type Normalised, normalise, requirementNames } from "./normalise.ts"

const strict = { unknownKeys: "error", knownMembers: ["image", "parameters"] } as const
const lenient = { ...strict, unknownKeys: "warning" } as const

const label = fc.stringMatching(/^[a-z][a-z0-9-]{0,8}[a-z0-9]$/).filter((text) => text !== "value")
const identifier = fc
  .stringMatching(/^[A-Z][A-Z0-9_]{0,10}$/)
  .filter((name) => !/^BERTH_|^RUN_ID$|^PROJECT_NAME$/.test(name))
const labelKey = fc.oneof(
  label,
  fc.tuple(label, label).map(([prefix, name]) => `${prefix}.example/${name}`),
)
const labelMap = fc.dictionary(labelKey, label, { maxKeys: 3 })
const bytes = fc
  .tuple(fc.integer({ min: 4, max: 900 }), fc.constantFrom("Mi", "Gi", "M", "G"))
  .map(([n, unit]) => `${n}${unit}`)
  .filter((text) => !/^4M$/.test(text))
const cores = fc.integer({ min: 1, max: 100_000 }).map((milli) => `${milli}m`)
const count = fc.integer({ min: 0, max: 100 })

function some<T extends Record<string, unknown>>(record: { [K in keyof T]: fc.Arbitrary<T[K]> }) {
  return fc.record(record, { requiredKeys: [] })
}

const items = fc.array(fc.record({ key: label, path: label, mode: fc.integer({ min: 0, max: 0o777 }) }), {
  maxLength: 2,
})
const specs: Record<Volume["volumeType"], fc.Arbitrary<unknown>> = {
  persistent_volume_claim: fc.oneof(fc.record({ claimName: label }), fc.record({ size: bytes, storageClass: label })),
  config_map: fc.record({ name: label, items, optional: fc.boolean() }),
  secret: fc.record({ secretName: label }),
  empty_dir: some({ sizeLimit: bytes, medium: fc.constantFrom("", "Memory") }),
  ephemeral: fc.record({ size: bytes }),
  shared_volume: fc.record({ claimName: label }),
  image: fc.record({ image: label }),
}
const anyVolume = fc.constantFrom(...volumeTypes).chain((volumeType) =>
  fc.record({
    name: label,
    volumeType: fc.constant(volumeType),
    mountPath: fc.array(label, { minLength: 1, maxLength: 3 }).map((parts) => `/mnt/${parts.join("/")}`),
    spec: specs[volumeType],
  }),
)
const expression = fc.oneof(
  fc.record({
    key: labelKey,
    operator: fc.constantFrom("In", "NotIn"),
    values: fc.array(label, { minLength: 1, maxLength: 3 }),
  }),
  fc.record({ key: labelKey, operator: fc.constantFrom("Exists", "DoesNotExist") }),
)
const term = fc.record({ matchExpressions: fc.array(expression, { minLength: 1, maxLength: 2 }) })
const podTerm = fc.record({ labelSelector: fc.record({ matchLabels: labelMap }), topologyKey: labelKey })
const weight = fc.integer({ min: 1, max: 100 })
const affinity = some({
  nodeAffinity: some({
    requiredDuringSchedulingIgnoredDuringExecution: fc.record({
      nodeSelectorTerms: fc.array(term, { minLength: 1, maxLength: 2 }),
    }),
    preferredDuringSchedulingIgnoredDuringExecution: fc.array(fc.record({ weight, preference: term }), {
      maxLength: 2,
    }),
  }),
  podAntiAffinity: some({
    preferredDuringSchedulingIgnoredDuringExecution: fc.array(fc.record({ weight, podAffinityTerm: podTerm }), {
      maxLength: 2,
    }),
  }),
})
const toleration = fc.oneof(
  fc.record({
    key: labelKey,
    operator: fc.constant("Equal"),
    value: label,
    effect: fc.constantFrom("NoSchedule", "NoExecute"),
  }),
  fc.record({ operator: fc.constant("Exists") }),
  fc.record({
    key: labelKey,
    operator: fc.constant("Exists"),
    effect: fc.constant("NoExecute"),
    tolerationSeconds: count,
  }),
)
const duration = fc
  .tuple(fc.integer({ min: 1, max: 99 }), fc.constantFrom("s", "m", "h", "d"))
  .map(([n, unit]) => `${n}${unit}`)

/** Canonical requirements, every field of them. */
const anyRequirements = some({
  nodeSelector: labelMap,
  volumes: fc
    .uniqueArray(anyVolume, { maxLength: 3, selector: ({ name }) => name })
    .map((volumes) => volumes.map((volume, index) => ({ ...volume, mountPath: `${volume.mountPath}${index}` }))),
  resources: some({
    cpu: fc.oneof(fc.record({ requests: cores }), fc.record({ limits: cores })),
    mem: fc.oneof(fc.record({ requests: bytes }), fc.record({ limits: bytes })),
    gpu: count.map((n) => ({ limits: `${n}`, type: "nvidia.com/gpu" })),
    disk: bytes,
  }).filter((resources) => Object.keys(resources).length > 0),
  affinity,
  tolerations: fc.array(toleration, { maxLength: 3 }),
  envs: fc.uniqueArray(fc.record({ name: identifier, value: fc.string({ unit: "grapheme" }) }), {
    maxLength: 3,
    selector: ({ name }) => name,
  }),
  secrets: fc.uniqueArray(fc.record({ name: identifier, optional: fc.boolean() }), {
    maxLength: 3,
    selector: ({ name }) => name,
  }),
  podLabels: labelMap,
  annotations: labelMap,
  profile: label,
  priorityClass: label,
  runtimeClass: label,
  securityContext: some({ runAsUser: count, runAsGroup: count, fsGroup: count }),
  timeouts: some({ queued: duration, running: duration }),
  retries: some({ user: count, infrastructure: count, outOfMemory: count }),
  servicePorts: fc.uniqueArray(
    fc.record({ port: fc.integer({ min: 1, max: 65_535 }), targetPort: fc.integer({ min: 1, max: 65_535 }) }),
    { maxLength: 2, selector: ({ port }) => port },
  ),
  serviceType: fc.constantFrom("ClusterIP", "NodePort"),
  serviceName: label,
  replicas: count,
  podPatch: fc.constant({ spec: { hostname: "a" } }),
}).map((requirements) => requirements as Requirements)

const words =
  "requests limits cpu mem memory gpu disk type name value key spec volume_type mount_path mountPath claim_name size items path mode env optional operator effect tolerationSeconds node_affinity nodeAffinity match_expressions queued user port __proto__ constructor labels".split(
    " ",
  )
const tokens = [
  "",
  "1",
  "64Gi",
  "64GB",
  "0.5",
  "1E",
  "1,5",
  "cpu",
  "secret",
  "config_map",
  "/data",
  "..",
  "NoSchedule",
  "Exists",
  "\0",
  "\ud800",
  "10m",
  "a b",
  "A",
]

/** JSON made of the words that a spec is made of, in the wrong places. */
const { scramble } = fc.letrec<{ scramble: Json }>((tie) => ({
  scramble: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    fc.constantFrom<Json>(null, true, 0, 1, -1, 0.5, 1e308, ...tokens),
    fc.array(tie("scramble"), { maxLength: 4 }),
    fc.dictionary(fc.constantFrom(...words), tie("scramble"), { maxKeys: 4 }) as fc.Arbitrary<Json>,
  ),
}))
const names = [
  ...requirementNames,
  "env",
  "toleration",
  "labels",
  "run_as_user",
  "backoff_limit",
  "schedule",
  "nodeSelector",
  "x",
]
const scrambled = fc.dictionary(fc.constantFrom(...names), fc.oneof(scramble, fc.jsonValue() as fc.Arbitrary<Json>), {
  maxKeys: 6,
})

/** A right spec with one value of it replaced. */
const mutated = fc
  .tuple(anyRequirements, fc.infiniteStream(fc.nat()), scramble)
  .map(([requirements, numbers, value]) => {
    const spec = toWire(requirements)
    let parent: Json = spec
    for (const number of numbers) {
      const keys: string[] = Object.keys(parent as object)
      const key = keys[number % keys.length]
      if (key === undefined) break
      const child: Json = (parent as JsonObject)[key] as Json
      if (typeof child !== "object" || child === null || number % 3 === 0) {
        ;(parent as JsonObject)[key] = value
        break
      }
      parent = child
    }
    return spec
  })
const anySpec: fc.Arbitrary<JsonObject> = fc.oneof(scrambled, mutated).map((spec) => JSON.parse(JSON.stringify(spec)))

/** Whether a path leads to a value of the document, or is a member of one that is there. */
function leadsSomewhere(document: Json, path: Path): boolean {
  let value: Json | undefined = document
  for (const part of path.slice(0, -1)) {
    if (typeof value !== "object" || value === null) return false
    value = Array.isArray(value) ? value[Number(part)] : Object.hasOwn(value, part) ? value[part] : undefined
  }
  return path.length === 0 || (typeof value === "object" && value !== null)
}

function valueAt(document: Json, path: Path): Json | undefined {
  return path.reduce<Json | undefined>(
    (value, part) => (typeof value === "object" && value !== null ? (value as JsonObject)[part] : undefined),
    document,
  )
}

function hasErrors({ findings }: Normalised): boolean {
  return findings.some(({ severity }) => severity === "error")
}

const numRuns = scaled("normalise", { small: 400, full: 20_000 })

describe("properties", () => {
  it("any JSON is read without a throw; every finding stands at a place of the spec", () => {
    fc.assert(
      fc.property(anySpec, fc.constantFrom(strict, lenient), (spec, options) => {
        const before = JSON.stringify(spec)
        const { findings, paths } = normalise(spec, options)
        for (const { path } of findings) expect(leadsSomewhere(spec, path ?? [])).toBe(true)
        for (const path of Object.values(paths)) expect(valueAt(spec, path)).not.toBe(undefined)
        expect(JSON.stringify(spec)).toBe(before)
      }),
      { numRuns },
    )
  })

  it("whatever is accepted is of the canonical schema, and so is the valid part of what is not", () => {
    fc.assert(
      fc.property(anySpec, (spec) => {
        const { layer } = normalise(spec, lenient)
        expect(canonicalSchema.safeParse(withoutNulls(layer)).error).toBe(undefined)
      }),
      { numRuns },
    )
  })

  it("canonical requirements come back from their wire form as they were, with nothing said about their form", () => {
    fc.assert(
      fc.property(anyRequirements, (requirements) => {
        const result = normalise(toWire(requirements), strict)
        expect(result.layer).toEqual(requirements)
        expect(hasErrors(result)).toBe(false)
        const aboutForm = result.findings.filter(({ code }) => /^(historic|field|quantity)\./.test(code))
        expect(aboutForm).toEqual([])
      }),
      { numRuns },
    )
  })

  it("reading what was read changes nothing more", () => {
    fc.assert(
      fc.property(anySpec, (spec) => {
        const first = normalise(spec, lenient)
        const second = normalise(toWire(first.layer as Requirements), strict)
        expect(second.layer).toEqual(first.layer)
        expect(hasErrors(second)).toBe(false)
      }),
      { numRuns },
    )
  })
})

/** A layer without its removals, which no schema of requirements knows. */
function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.filter((item) => !isRemoval(item)).map(withoutNulls)
  if (typeof value !== "object" || value === null) return value
  const kept = Object.entries(value).filter(([, member]) => member !== null)
  return Object.fromEntries(kept.map(([key, member]) => [key, key === "podPatch" ? member : withoutNulls(member)]))
}

function isRemoval(item: unknown): boolean {
  return typeof item === "object" && item !== null && Object.values(item).some((member) => member === null)
}
