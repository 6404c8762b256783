import fc from "fast-check"
import { describe, expect, it } from "vitest"
import type { LayerName } from "../provenance.ts"
import type { Requirements, RequirementsLayer } from "../requirements.ts"
import { type Layer, type ProfileLayer, resolve } from "./resolve.ts"
import { fieldOrder, toWireName } from "./slots.ts"

function layer(name: LayerName, requirements: RequirementsLayer): Layer {
  return { name, layer: requirements, paths: {} }
}

function merge(...requirements: readonly RequirementsLayer[]): Requirements {
  return resolve(requirements.map((each) => layer("run", each))).requirements
}

function profile(requirements: RequirementsLayer, modes: ProfileLayer["modes"]): ProfileLayer {
  return { ...layer("profile", requirements), modes }
}

const claim = (name: string, mountPath: string) =>
  ({ volumeType: "persistent_volume_claim", name, mountPath, spec: { claimName: name } }) as const

const key = fc.constantFrom("a", "b", "c.d/e", "__proto__")
const text = fc.constantFrom("1", "2", "3")
const nullable = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: null })
const fields = <T extends Record<string, fc.Arbitrary<unknown>>>(record: T) => fc.record(record, { requiredKeys: [] })
const bounds = fields({ requests: nullable(text), limits: nullable(text) })
const named = <T>(of: (name: string) => fc.Arbitrary<T>) =>
  fc.uniqueArray(key, { maxLength: 3 }).chain((names) => fc.tuple(...names.map(of)))

const anyLayer = fields({
  nodeSelector: nullable(fc.dictionary(key, nullable(text))),
  resources: nullable(
    fields({
      cpu: nullable(bounds),
      mem: nullable(bounds),
      gpu: nullable(fields({ limits: text, type: text })),
      disk: nullable(text),
    }),
  ),
  envs: nullable(named((name) => nullable(text).map((value) => ({ name, value })))),
  volumes: nullable(
    named((name) =>
      fc.oneof(
        text.map((at) => claim(name, `/${at}`)),
        fc.constant({ name, volumeType: null }),
      ),
    ),
  ),
  tolerations: nullable(fc.array(fc.record({ key, operator: fc.constant("Equal"), value: text }), { maxLength: 3 })),
  secrets: nullable(named((name) => fc.constant({ name }))),
  timeouts: nullable(fields({ queued: nullable(text), running: nullable(text) })),
  affinity: nullable(fields({ nodeAffinity: fc.constant({}), podAffinity: fc.constant({}) })),
  replicas: nullable(fc.nat(3)),
}) as fc.Arbitrary<RequirementsLayer>

/** Leaves of resolved requirements, found independently of how they were merged. */
function leavesOf(requirements: Requirements): readonly string[] {
  return Object.entries(requirements).flatMap(([field, value]) => {
    const name = toWireName(field)
    if (field === "tolerations") return (value as unknown[]).map((_item, index) => `${name}.${index}`)
    if (field === "envs" || field === "secrets")
      return (value as { name: string }[]).map((item) => `${name}.${item.name}`)
    if (field === "volumes") {
      return (value as ReturnType<typeof claim>[]).flatMap((volume) =>
        ["volume_type", "mount_path", "spec.claim_name"].map((leaf) => `volumes.${volume.name}.${leaf}`),
      )
    }
    if (field === "resources") {
      return Object.entries(value as object).flatMap(([resource, inner]) =>
        typeof inner === "string"
          ? [`resources.${resource}`]
          : Object.keys(inner).map((bound) => `resources.${resource}.${bound}`),
      )
    }
    if (field === "affinity") return Object.keys(value as object).map((member) => `affinity.${toWireName(member)}`)
    return typeof value === "object" ? Object.keys(value).map((member) => `${name}.${member}`) : [name]
  })
}

describe("laws", () => {
  it("provenance covers exactly the leaves, whatever the layers and the profile", () => {
    const mode = fc.constantFrom("default", "override", "append")
    const modes = fc.dictionary(fc.constantFrom(...fieldOrder), mode) as fc.Arbitrary<ProfileLayer["modes"]>
    fc.assert(
      fc.property(fc.array(anyLayer, { maxLength: 4 }), anyLayer, modes, (layers, top, chosen) => {
        const resolved = resolve(
          layers.map((each) => layer("task", each)),
          profile(top, chosen),
        )
        expect(Object.keys(resolved.provenance).sort()).toEqual([...leavesOf(resolved.requirements)].sort())
      }),
      { numRuns: 500 },
    )
  })

  it("merging in one go equals merging what was merged below, whatever the layers", () => {
    fc.assert(
      fc.property(fc.array(anyLayer, { maxLength: 3 }), anyLayer, (below, top) => {
        expect(merge(merge(...below), top)).toEqual(merge(...below, top))
      }),
      { numRuns: 500 },
    )
  })

  it("a layer on itself changes nothing, an empty layer changes nothing", () => {
    fc.assert(
      fc.property(anyLayer, anyLayer, (below, top) => {
        expect(merge(below, top, top)).toEqual(merge(below, top))
        expect(merge(below, {}, top)).toEqual(merge(below, top))
      }),
      { numRuns: 500 },
    )
  })

  it("what the highest layer sets is what comes out, and null leaves nothing of a field", () => {
    fc.assert(
      fc.property(
        fc.array(anyLayer, { maxLength: 3 }),
        anyLayer,
        fc.constantFrom(...fieldOrder),
        (below, top, field) => {
          const merged = merge(...below, top)
          for (const variable of top.envs ?? []) {
            const found = merged.envs?.find((each) => each.name === variable.name)
            expect(found?.value ?? null).toBe(variable.value)
          }
          for (const [label, value] of Object.entries(top.nodeSelector ?? {})) {
            const selector = merged.nodeSelector ?? {}
            expect(Object.hasOwn(selector, label) ? selector[label] : null).toBe(value)
          }
          expect(merge(...below, { [field]: null })).not.toHaveProperty(field)
        },
      ),
      { numRuns: 500 },
    )
  })
})
