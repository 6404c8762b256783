import type { Requirements, Volume } from "@berth/spec"
import { describe, expect, it } from "vitest"
import { type ParityFacts, placementParity, processCapabilities, processParity } from "./parity.ts"
import { commandAttempt } from "./testing/executor-fixture.ts"

const full: ParityFacts = {
  isolation: { name: "bubblewrap", namespaces: true },
  limits: { name: "cgroup-v1", enforcesMemory: true, enforcesCpu: true },
  memoryFolder: true,
}
const poor: ParityFacts = {
  isolation: { name: "none", namespaces: false },
  limits: { name: "watcher", enforcesMemory: false, enforcesCpu: false },
  memoryFolder: false,
}
const levels = (requirements: Requirements, facts: ParityFacts, more: Parameters<typeof commandAttempt>[1] = {}) =>
  Object.fromEntries(
    processParity(commandAttempt(["x"], { ...more, requirements }), facts).map(({ path, level }) => [path, level]),
  )

const resources: Requirements = {
  resources: {
    cpu: { requests: "1", limits: "2" },
    mem: { requests: "1Gi", limits: "2Gi" },
    gpu: { requests: "1", limits: "1" },
    disk: "1Gi",
  },
}
const volumes = [
  { name: "c", mountPath: "/c", volumeType: "persistent_volume_claim", spec: { claimName: "c" }, readOnly: true },
  { name: "m", mountPath: "/m", volumeType: "persistent_volume_claim", spec: { size: "1Gi", storageClass: "fast" } },
  { name: "s", mountPath: "/s", volumeType: "secret", spec: { secretName: "s" } },
  { name: "e", mountPath: "/e", volumeType: "empty_dir", spec: { sizeLimit: "1Gi" } },
  { name: "t", mountPath: "/t", volumeType: "empty_dir", spec: { sizeLimit: "1Gi", medium: "Memory" } },
  { name: "i", mountPath: "/i", volumeType: "image", spec: { image: "x" } },
] as const satisfies Volume[]

describe("parity of the process engine", () => {
  it("of resources depends on the cgroups that can be used", () => {
    expect(levels(resources, full)).toEqual({
      "resources.cpu.requests": "enforced",
      "resources.cpu.limits": "enforced",
      "resources.mem.requests": "enforced",
      "resources.mem.limits": "enforced",
      "resources.gpu": "approximated",
      "resources.disk": "approximated",
    })
    expect(levels(resources, poor)).toMatchObject({
      isolation: "approximated",
      "resources.cpu.limits": "ignored",
      "resources.mem.limits": "approximated",
    })
  })

  it("of volumes depends on namespaces", () => {
    expect(levels({ volumes }, full)).toEqual({
      "volumes.c": "enforced",
      "volumes.m": "enforced",
      "volumes.m.spec.size": "ignored",
      "volumes.m.spec.storage_class": "ignored",
      "volumes.s": "enforced",
      "volumes.e": "enforced",
      "volumes.e.spec.size_limit": "approximated",
      "volumes.t": "enforced",
      "volumes.t.spec.size_limit": "enforced",
      "volumes.i": "ignored",
    })
    expect(levels({ volumes }, poor)).toMatchObject({
      "volumes.c": "approximated",
      "volumes.c.read_only": "ignored",
      "volumes.s.read_only": "ignored",
      "volumes.s.spec": "approximated",
      "volumes.t.spec.size_limit": "approximated",
    })
  })

  it("names everything that only a Pod could have", () => {
    const requirements: Requirements = {
      podLabels: { a: "b" },
      annotations: { a: "b" },
      priorityClass: "high",
      runtimeClass: "kata",
      securityContext: { runAsUser: 1 },
      podPatch: {},
      serviceType: "NodePort",
      serviceName: "n",
      replicas: 2,
      servicePorts: [{ port: 80, targetPort: 8080 }],
    }
    expect(levels(requirements, full, { action: "serve" })).toEqual({
      pod_labels: "ignored",
      annotations: "ignored",
      priority_class: "ignored",
      runtime_class: "ignored",
      security_context: "ignored",
      pod_patch: "ignored",
      service_type: "ignored",
      service_name: "ignored",
      replicas: "approximated",
      service_ports: "approximated",
    })
    expect(levels({}, full)).toEqual({})
  })

  it("of placement needs a Node manifest", () => {
    const attempt = commandAttempt(["x"], { requirements: { nodeSelector: { a: "b" }, affinity: {}, tolerations: [] } })
    const paths = ["node_selector.a", "affinity", "tolerations"]
    expect(placementParity(attempt, true).map(({ path, level }) => [path, level])).toEqual(
      paths.map((path) => [path, "enforced"]),
    )
    expect(placementParity(attempt, false).map(({ level }) => level)).toEqual(paths.map(() => "ignored"))
  })

  it("says what the machine can do at all, in words", () => {
    for (const facts of [full, poor]) {
      for (const { how } of processCapabilities(facts)) expect(how.length).toBeGreaterThan(10)
    }
    expect(processCapabilities({ ...full, limits: { ...full.limits, name: "cgroup-v2" } })[1]?.how).toContain(
      "not yet tried",
    )
  })
})
