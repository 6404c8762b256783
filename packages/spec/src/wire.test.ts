import { describe, expect, expectTypeOf, it } from "vitest"
import type { RequirementsInput } from "./input.ts"
import { normalise } from "./normalise/normalise.ts"
import type { Requirements } from "./requirements.ts"
import { requirementsSchema } from "./schema/wire.ts"
import { inputToWire, toWire } from "./wire.ts"

const full = {
  nodeSelector: { diskType: "ssd" },
  volumes: [
    { name: "a", volumeType: "secret", mountPath: "/a", subPath: "b", readOnly: true, spec: { secretName: "s" } },
    { name: "b", volumeType: "persistent_volume_claim", mountPath: "/b", spec: { size: "1Gi", storageClass: "fast" } },
    { name: "c", volumeType: "persistent_volume_claim", mountPath: "/c", spec: { claimName: "c" } },
    { name: "d", volumeType: "empty_dir", mountPath: "/d", spec: { sizeLimit: "1Gi" } },
  ],
  envs: [{ name: "camelCase", value: "myValue" }],
  podLabels: { myTeam: "x" },
  affinity: {
    podAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: [
        { labelSelector: { matchLabels: { appName: "x" } }, topologyKey: "kubernetes.io/hostname" },
      ],
    },
  },
  tolerations: [{ key: "a", operator: "Exists", effect: "NoExecute", tolerationSeconds: 3 }],
  securityContext: { runAsUser: 1 },
  retries: { outOfMemory: 2 },
  servicePorts: [{ port: 80, targetPort: 8080 }],
  podPatch: { spec: { hostNetwork: true } },
} as const satisfies Requirements

describe("the wire form", () => {
  it("renames our members and leaves the user's keys", () => {
    expect(toWire(full)).toEqual({
      node_selector: { diskType: "ssd" },
      volumes: [
        {
          name: "a",
          volume_type: "secret",
          mount_path: "/a",
          sub_path: "b",
          read_only: true,
          spec: { secret_name: "s" },
        },
        {
          name: "b",
          volume_type: "persistent_volume_claim",
          mount_path: "/b",
          spec: { size: "1Gi", storage_class: "fast" },
        },
        { name: "c", volume_type: "persistent_volume_claim", mount_path: "/c", spec: { claim_name: "c" } },
        { name: "d", volume_type: "empty_dir", mount_path: "/d", spec: { size_limit: "1Gi" } },
      ],
      envs: [{ name: "camelCase", value: "myValue" }],
      pod_labels: { myTeam: "x" },
      affinity: {
        pod_affinity: {
          required_during_scheduling_ignored_during_execution: [
            { label_selector: { match_labels: { appName: "x" } }, topology_key: "kubernetes.io/hostname" },
          ],
        },
      },
      tolerations: [{ key: "a", operator: "Exists", effect: "NoExecute", toleration_seconds: 3 }],
      security_context: { run_as_user: 1 },
      retries: { out_of_memory: 2 },
      service_ports: [{ port: 80, target_port: 8080 }],
      pod_patch: { spec: { hostNetwork: true } },
    })
  })

  it("is what the wire's schema describes, and the schema knows no other member", () => {
    expect(requirementsSchema.safeParse(toWire(full)).error).toBeUndefined()
    expect(requirementsSchema.safeParse(full).success).toBe(false)
    const spec = { secret_name: "s", claim_name: "c" }
    const volume = { name: "a", volume_type: "secret", mount_path: "/a", spec }
    expect(requirementsSchema.safeParse({ volumes: [volume] }).success).toBe(false)
  })

  it("keeps shorthands as shorthands, drops what is undefined, and removes by null", () => {
    const input: RequirementsInput = {
      resources: { cpu: 2, mem: "8Gi", gpu: { limits: 1 }, disk: null },
      envs: { LOG_LEVEL: "info", TOP: 20, GONE: null },
      secrets: ["A", { name: "b", env: "B" }],
      volumes: [
        { volumeType: "config_map", name: "c", mountPath: "/c" },
        { name: "old", volumeType: null },
      ],
      affinity: null,
      timeouts: { running: null },
    }
    expect(inputToWire({ ...input, profile: undefined } as unknown as RequirementsInput)).toEqual({
      resources: { cpu: 2, mem: "8Gi", gpu: { limits: 1 }, disk: null },
      envs: { LOG_LEVEL: "info", TOP: 20, GONE: null },
      secrets: ["A", { name: "b", env: "B" }],
      volumes: [
        { volume_type: "config_map", name: "c", mount_path: "/c" },
        { name: "old", volume_type: null },
      ],
      affinity: null,
      timeouts: { running: null },
    })
    const { findings } = normalise(inputToWire(input), { unknownKeys: "error", knownMembers: [] })
    expect(findings.filter(({ severity }) => severity !== "notice")).toEqual([])
  })

  it("sends a map whose keys are key and value as a list, so that it stays a map", () => {
    const nodeSelector = { key: "a", value: "b" }
    const envs = { name: "a", value: "b" }
    const wire = inputToWire({ nodeSelector, envs })
    expect(wire.node_selector).toEqual([
      { key: "key", value: "a" },
      { key: "value", value: "b" },
    ])
    const { layer } = normalise(wire, { unknownKeys: "error", knownMembers: [] })
    expect(layer).toEqual({
      nodeSelector,
      envs: [
        { name: "name", value: "a" },
        { name: "value", value: "b" },
      ],
    })
  })

  it("leaves a key that is not ours as it is, so that it can be named", () => {
    const misspelt = {
      nodeSelecter: { a: "b" },
      volumes: [{ volumeType: "pvc", mountPath: "/a" }],
    } as unknown as RequirementsInput
    expect(inputToWire(misspelt)).toEqual({
      nodeSelecter: { a: "b" },
      volumes: [{ volume_type: "pvc", mount_path: "/a" }],
    })
    const hostile = JSON.parse('{"__proto__":{"a":1},"envs":{"__proto__":"x"}}') as RequirementsInput
    expect(JSON.stringify(inputToWire(hostile))).toBe('{"__proto__":{"a":1},"envs":{"__proto__":"x"}}')
  })
})

describe("what a TypeScript user may write", () => {
  it("is at least every canonical requirement", () => {
    expectTypeOf<Requirements>().toExtend<RequirementsInput>()
  })

  it("is not a spec of another type, a misspelt key or an unknown word", () => {
    const place = { name: "a", mountPath: "/a" } as const
    // @ts-expect-error a ConfigMap is named by `name`
    const wrongSpec: RequirementsInput = { volumes: [{ ...place, volumeType: "config_map", spec: { claimName: "c" } }] }
    // @ts-expect-error a claim either exists or has a size
    const both: RequirementsInput = { volumes: [{ ...place, volumeType: "empty_dir", spec: { size: "1Gi" } }] }
    // @ts-expect-error a misspelt key
    const misspelt: RequirementsInput = { nodeSelecter: {} }
    // @ts-expect-error an unknown effect
    const effect: RequirementsInput = { tolerations: [{ key: "a", effect: "NoSchedul" }] }
    // @ts-expect-error memory is called mem
    const memory: RequirementsInput = { resources: { memory: "1Gi" } }
    expect([wrongSpec, both, misspelt, effect, memory]).toHaveLength(5)
  })
})
