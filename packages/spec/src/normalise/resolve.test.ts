import { describe, expect, it } from "vitest"
import type { JsonObject } from "../json.ts"
import type { Path } from "../path.ts"
import { type Layer, resolve } from "../resolve/resolve.ts"
import { normalise } from "./normalise.ts"

function read(name: Layer["name"], spec: JsonObject): Layer {
  const { layer, paths, findings } = normalise(spec, { unknownKeys: "error", knownMembers: [] })
  expect(findings.filter((finding) => finding.severity === "error")).toEqual([])
  return { name, layer, paths }
}

/** The value at a path; undefined where there is none. */
function at(document: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (value, part) => (value as Record<string | number, unknown> | undefined)?.[part],
    document,
  )
}

const claim = { volume_type: "persistent_volume_claim", name: "data", mount_path: "/data", spec: { claim_name: "c" } }
const words = {
  volume_type: "config_map",
  name: "words",
  mount_path: "/words",
  spec: { items: [{ key: "a", path: "b" }] },
}
const term = { match_expressions: [{ key: "zone", operator: "In", values: ["a"] }] }
const affinity = {
  node_affinity: { required_during_scheduling_ignored_during_execution: { node_selector_terms: [term] } },
}

/** Every field, and every form in which the origin could get lost. */
const specs: Readonly<Record<string, JsonObject>> = {
  maps: { node_selector: { "example.com/disk.type": "ssd" }, envs: { A: "1" }, pod_labels: { team: "x" } },
  pairs: { node_selector: { key: "disktype", value: "ssd" }, envs: [{ name: "A", value: "1" }] },
  lists: { node_selector: [{ key: "disktype", value: "ssd" }], toleration: [{ key: "gpu", operator: "Exists" }] },
  single: { tolerations: { key: "gpu", operator: "Equal", value: "v100" }, volumes: claim, secrets: "TOKEN" },
  bounds: { resources: { cpu: { requests: "1", limits: "2" }, mem: "64Mi", gpu: 1, disk: "1Gi" } },
  list: { resources: [{ resource_type: "memory", requests: "64Mi", limits: "128Mi" }] },
  volumes: { volumes: [claim, words], secrets: ["A", { name: "my-secret", env: "B" }] },
  affinity: { affinity },
  camel: {
    nodeSelector: { a: "b" },
    affinity: { nodeAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [] } },
  },
  settings: {
    timeouts: { queued: "1h" },
    retries: { out_of_memory: 1 },
    security_context: { run_as_user: 8877 },
    service_ports: [{ port: 80, target_port: 8080 }],
    replicas: 2,
    profile: "1xa100",
    priority_class: "high",
  },
}

describe("what was read and merged", () => {
  it.each(Object.entries(specs))("points at where the user wrote it: %s", (_name, spec) => {
    const { requirements, provenance } = resolve([read("run", spec)])
    expect(Object.keys(requirements).length).toBeGreaterThan(0)
    for (const [leaf, { path }] of Object.entries(provenance)) {
      expect([leaf, path, at(spec, path) !== undefined]).toEqual([leaf, path, true])
      expect([leaf, path.length > 0]).toEqual([leaf, true])
    }
  })

  it("tells a value of each layer from another's", () => {
    const { provenance } = resolve([
      read("function", { resources: { cpu: "1" }, envs: { A: "1" } }),
      read("task", { resources: { mem: "64Mi" }, tolerations: [{ key: "spot", operator: "Exists" }] }),
      read("run", { envs: [{ name: "B", value: "2" }], tolerations: [{ key: "gpu", operator: "Exists" }] }),
    ])
    expect(Object.fromEntries(Object.entries(provenance).map(([leaf, { layer }]) => [leaf, layer]))).toEqual({
      "resources.cpu.requests": "function",
      "resources.mem.requests": "task",
      "resources.mem.limits": "task",
      "envs.A": "function",
      "envs.B": "run",
      "tolerations.0": "task",
      "tolerations.1": "run",
    })
  })

  it("removes what was inherited by null, as written", () => {
    const task = read("task", {
      node_selector: { a: "1", b: "2" },
      envs: { A: "1", B: "2" },
      resources: { cpu: "1", mem: "1Gi" },
    })
    const run = read("run", { node_selector: { a: null }, envs: { A: null }, resources: { mem: null } })
    expect(resolve([task, run]).requirements).toEqual({
      nodeSelector: { b: "2" },
      resources: { cpu: { requests: "1" } },
      envs: [{ name: "B", value: "2" }],
    })
    const none = read("run", { node_selector: null, envs: null, resources: null })
    expect(resolve([task, none]).requirements).toEqual({})
  })

  it("reports two volumes on one path once, within a layer and across", () => {
    const two = normalise({ volumes: [claim, { ...claim, name: "other" }] }, { unknownKeys: "error", knownMembers: [] })
    const within = [...two.findings, ...resolve([{ name: "run", ...two }]).findings]
    expect(within.filter(({ code }) => code === "volume.mount_path.duplicate")).toHaveLength(1)
    const across = resolve([read("task", { volumes: [claim] }), read("run", { volumes: [{ ...claim, name: "mine" }] })])
    expect(across.findings).toMatchObject([
      { code: "volume.mount_path.duplicate", path: ["volumes", 0, "mount_path"], data: { otherLayer: "task" } },
    ])
  })
})

describe("the disk", () => {
  it("has a mount path of its own, which no volume of any layer may take", () => {
    const volume = { ...claim, mount_path: "/shared/" }
    const { findings } = resolve([read("task", { resources: { disk: "1Gi" } }), read("run", { volumes: [volume] })])
    expect(findings).toMatchObject([
      { code: "resources.disk.mount_path", path: ["volumes", 0, "mount_path"], data: { otherLayer: "task" } },
    ])
    expect(resolve([read("run", { volumes: [volume] })]).findings).toEqual([])
  })
})
