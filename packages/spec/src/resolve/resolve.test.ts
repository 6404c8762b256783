import { describe, expect, it } from "vitest"
import type { LayerName } from "../provenance.ts"
import type { Requirements, RequirementsLayer } from "../requirements.ts"
import { type Layer, type ProfileLayer, type Resolved, resolve } from "./resolve.ts"

function layer(name: LayerName, requirements: RequirementsLayer, paths: Layer["paths"] = {}): Layer {
  return { name, layer: requirements, paths }
}

function merge(...requirements: readonly RequirementsLayer[]): Requirements {
  return resolve(requirements.map((each) => layer("run", each))).requirements
}

function profile(requirements: RequirementsLayer, modes: ProfileLayer["modes"] = {}): ProfileLayer {
  return { ...layer("profile", requirements), modes }
}

function codes(resolved: Resolved): readonly string[] {
  return resolved.findings.map((finding) => finding.code)
}

const claim = (name: string, mountPath: string, claimName = name) =>
  ({ volumeType: "persistent_volume_claim", name, mountPath, spec: { claimName } }) as const

describe("layers", () => {
  it("merge resources per resource and bound", () => {
    expect(
      merge(
        { resources: { cpu: { requests: "1", limits: "2" }, mem: { limits: "1Gi" } } },
        { resources: { cpu: { limits: "4" }, disk: "1Gi" } },
      ),
    ).toEqual({ resources: { cpu: { requests: "1", limits: "4" }, mem: { limits: "1Gi" }, disk: "1Gi" } })
  })

  it("replace a GPU's request and limit together and keep its type", () => {
    expect(
      merge(
        { resources: { gpu: { requests: "1", limits: "1", type: "a100" } } },
        { resources: { gpu: { limits: "2" } } },
      ),
    ).toEqual({ resources: { gpu: { type: "a100", limits: "2" } } })
  })

  it("merge maps by key, envs and volumes by name, tolerations by key, and keep the lower order", () => {
    expect(
      merge(
        {
          nodeSelector: { disktype: "hdd", zone: "a" },
          envs: [
            { name: "A", value: "1" },
            { name: "B", value: "1" },
          ],
          volumes: [claim("data", "/data"), claim("more", "/more")],
          tolerations: [
            { key: "gpu", operator: "Exists", effect: "NoSchedule" },
            { key: "gpu", operator: "Exists", effect: "NoExecute" },
            { key: "spot", operator: "Exists" },
          ],
        },
        {
          nodeSelector: { disktype: "ssd" },
          envs: [
            { name: "A", value: "2" },
            { name: "C", value: "3" },
          ],
          volumes: [claim("data", "/elsewhere", "other")],
          tolerations: [{ key: "gpu", operator: "Equal", value: "v100" }],
        },
      ),
    ).toEqual({
      nodeSelector: { disktype: "ssd", zone: "a" },
      volumes: [claim("data", "/elsewhere", "other"), claim("more", "/more")],
      tolerations: [
        { key: "gpu", operator: "Equal", value: "v100" },
        { key: "spot", operator: "Exists" },
      ],
      envs: [
        { name: "A", value: "2" },
        { name: "B", value: "1" },
        { name: "C", value: "3" },
      ],
    })
  })

  it("replace affinity, secrets and single values whole", () => {
    expect(
      merge(
        { secrets: [{ name: "A" }], replicas: 2, affinity: { podAffinity: {} } },
        { secrets: [{ name: "B" }], affinity: { nodeAffinity: {} } },
      ),
    ).toEqual({ secrets: [{ name: "B" }], replicas: 2, affinity: { nodeAffinity: {} } })
  })

  it("remove by null: a field, a resource, a bound, a key, a variable, a volume", () => {
    const all: RequirementsLayer = {
      nodeSelector: { a: "1", b: "2" },
      resources: { cpu: { requests: "1", limits: "2" }, mem: { limits: "1Gi" }, disk: "1Gi" },
      envs: [
        { name: "A", value: "1" },
        { name: "B", value: "2" },
      ],
      volumes: [claim("data", "/data"), claim("more", "/more")],
      secrets: [{ name: "S" }],
      timeouts: { queued: "1h", running: "2h" },
    }
    expect(
      merge(all, {
        nodeSelector: { a: null },
        resources: { cpu: { limits: null }, mem: null, disk: null },
        envs: [{ name: "A", value: null }],
        volumes: [{ name: "data", volumeType: null }],
        secrets: null,
        timeouts: { running: null },
      }),
    ).toEqual({
      nodeSelector: { b: "2" },
      resources: { cpu: { requests: "1" } },
      envs: [{ name: "B", value: "2" }],
      volumes: [claim("more", "/more")],
      timeouts: { queued: "1h" },
    })
    expect(merge(all, { resources: null, envs: null })).not.toHaveProperty("resources")
  })

  it("keep a user's own key as it is, also one that JavaScript knows", () => {
    const selector = JSON.parse('{"__proto__":"x","constructor":"y"}')
    const resolved = resolve([layer("run", { nodeSelector: selector })])
    expect(JSON.stringify(resolved.requirements.nodeSelector)).toBe('{"__proto__":"x","constructor":"y"}')
    expect(Object.hasOwn(resolved.provenance, "node_selector.__proto__")).toBe(true)
  })
})

describe("provenance", () => {
  it("names layer and the author's own path of every leaf", () => {
    const { provenance } = resolve([
      layer("default", { timeouts: { queued: "24h" } }),
      layer("function", { resources: { cpu: { requests: "1" } } }, { "resources.cpu.requests": ["resources", "cpu"] }),
      layer(
        "run",
        {
          resources: { mem: { requests: "1Gi", limits: "2Gi" } },
          envs: [{ name: "A", value: "1" }],
          volumes: [claim("data", "/data")],
          tolerations: [{ key: "k", operator: "Exists" }],
        },
        {
          "resources.mem": ["resources", "memory"],
          "envs.A": ["env", 0],
          "volumes.data.mount_path": ["volumes", 0, "mountPath"],
          "tolerations.0.key": ["toleration", 0, "key"],
        },
      ),
    ])
    expect(provenance).toEqual({
      "timeouts.queued": { layer: "default", path: ["timeouts", "queued"] },
      "resources.cpu.requests": { layer: "function", path: ["resources", "cpu"] },
      "resources.mem.requests": { layer: "run", path: ["resources", "memory"] },
      "resources.mem.limits": { layer: "run", path: ["resources", "memory"] },
      "envs.A": { layer: "run", path: ["env", 0] },
      "volumes.data.volume_type": { layer: "run", path: ["volumes", "data", "volume_type"] },
      "volumes.data.mount_path": { layer: "run", path: ["volumes", 0, "mountPath"] },
      "volumes.data.spec.claim_name": { layer: "run", path: ["volumes", "data", "spec", "claim_name"] },
      "tolerations.0": { layer: "run", path: ["toleration", 0] },
    })
  })

  it("points around the parts of a leaf that is written deeper", () => {
    const paths = {
      "affinity.node_affinity.required.node_selector_terms.0.match_expressions.0.key": [
        ..."affinity nodeAffinity required nodeSelectorTerms".split(" "),
        ...[0, "matchExpressions", 0, "key"],
      ],
    }
    const { provenance } = resolve([layer("run", { affinity: { nodeAffinity: {} } }, paths)])
    expect(provenance).toEqual({ "affinity.node_affinity": { layer: "run", path: ["affinity", "nodeAffinity"] } })
  })

  it("counts tolerations anew and points at where each layer wrote its own", () => {
    const { provenance } = resolve([
      layer("task", { tolerations: [{ key: "a", operator: "Exists" }] }, { "tolerations.0": ["tolerations", 0] }),
      layer("run", { tolerations: [{ key: "b", operator: "Exists" }] }, { "tolerations.0": ["toleration"] }),
    ])
    expect(provenance).toEqual({
      "tolerations.0": { layer: "task", path: ["tolerations", 0] },
      "tolerations.1": { layer: "run", path: ["toleration"] },
    })
  })
})

describe("a profile", () => {
  const user = layer("run", {
    resources: { mem: { limits: "1Gi" } },
    envs: [{ name: "A", value: "user" }],
    tolerations: [{ key: "gpu", operator: "Exists" }],
  })
  const wanted: RequirementsLayer = {
    resources: { mem: { limits: "8Gi" }, gpu: { limits: "1" } },
    envs: [
      { name: "A", value: "profile" },
      { name: "B", value: "profile" },
    ],
    tolerations: [{ key: "gpu", operator: "Equal", value: "a100" }],
  }
  const base = layer("default", { resources: { mem: { limits: "512Mi" } } })

  it("overrides by default, key by key", () => {
    const { requirements, provenance } = resolve([base, user], profile(wanted))
    expect(requirements.resources).toEqual({ mem: { limits: "8Gi" }, gpu: { limits: "1" } })
    expect(requirements.envs).toEqual([
      { name: "A", value: "profile" },
      { name: "B", value: "profile" },
    ])
    expect(requirements.tolerations).toEqual(wanted.tolerations)
    expect(provenance["resources.mem.limits"]?.layer).toBe("profile")
  })

  it("in mode default stands below the user's and above the built-in values", () => {
    const modes = { resources: "default", envs: "default", tolerations: "default" } as const
    const { requirements } = resolve([base, user], profile(wanted, modes))
    expect(requirements.resources).toEqual({ mem: { limits: "1Gi" }, gpu: { limits: "1" } })
    expect(requirements.envs?.[0]).toEqual({ name: "A", value: "user" })
    expect(requirements.tolerations).toEqual(user.layer.tolerations)
    expect(resolve([base], profile(wanted, modes)).requirements.resources?.mem).toEqual({ limits: "8Gi" })
  })

  it("in mode append adds and never replaces or removes", () => {
    const modes = { resources: "append", envs: "append", tolerations: "append", secrets: "append" } as const
    const { requirements, provenance } = resolve(
      [base, layer("task", { secrets: [{ name: "S" }] }), user],
      profile({ ...wanted, secrets: [{ name: "S", env: "T" }, { name: "U" }] }, modes),
    )
    expect(requirements.resources).toEqual({ mem: { limits: "1Gi" }, gpu: { limits: "1" } })
    expect(requirements.envs).toEqual([
      { name: "A", value: "user" },
      { name: "B", value: "profile" },
    ])
    expect(requirements.tolerations).toEqual([{ key: "gpu", operator: "Exists" }, ...(wanted.tolerations ?? [])])
    expect(requirements.secrets).toEqual([{ name: "S" }, { name: "U" }])
    expect(provenance["tolerations.1"]?.layer).toBe("profile")
    expect(provenance["secrets.S"]?.layer).toBe("task")
  })

  it("removes the user's by null in mode override only", () => {
    expect(resolve([user], profile({ envs: null })).requirements.envs).toBeUndefined()
    expect(resolve([user], profile({ envs: null }, { envs: "append" })).requirements.envs).toEqual(user.layer.envs)
    expect(resolve([user], profile({ envs: null }, { envs: "default" })).requirements.envs).toEqual(user.layer.envs)
  })

  it("knows a field by its wire name too", () => {
    const selectors = profile({ nodeSelector: { a: "profile" } }, { node_selector: "default" })
    const { requirements } = resolve([layer("run", { nodeSelector: { a: "user" } })], selectors)
    expect(requirements.nodeSelector).toEqual({ a: "user" })
  })
})

describe("conflicts", () => {
  it("two volumes on one mount path, blamed on the run's own", () => {
    const task = layer("task", { volumes: [claim("corpus", "/data")] })
    const run = layer(
      "run",
      { volumes: [claim("mine", "/data/")] },
      { "volumes.mine.mount_path": ["volumes", 0, "mount_path"] },
    )
    const [finding, ...others] = resolve([task, run]).findings
    expect(others).toEqual([])
    expect(finding).toMatchObject({
      code: "volume.mount_path.duplicate",
      path: ["volumes", 0, "mount_path"],
      data: { mountPath: "/data", volume: "mine", other: "corpus", otherLayer: "task" },
    })
    expect(finding?.message).toContain("corpus (set by the task)")
    const swapped = resolve([run], profile({ volumes: [claim("corpus", "/data")] })).findings[0]
    expect(swapped).toMatchObject({ data: { volume: "mine", other: "corpus", otherLayer: "profile" } })
  })

  it("a variable that Berth sets", () => {
    for (const name of ["BERTH_ANYTHING", "PROJECT_NAME", "RUN_ID"]) {
      const resolved = resolve([layer("run", { envs: [{ name, value: "x" }] }, { [`envs.${name}`]: ["envs", name] })])
      expect(codes(resolved)).toEqual(["env.name.reserved"])
      expect(resolved.findings[0]?.fix).toEqual([{ op: "remove", path: `/envs/${name}` }])
    }
    expect(codes(resolve([layer("run", { envs: [{ name: "RUN", value: "x" }] })]))).toEqual([])
  })

  it("a variable named like a secret that the run asks for, but not like its alias", () => {
    const asking = (name: string, secret: { name: string; env?: string }) =>
      resolve([
        layer("run", { envs: [{ name, value: "x" }], secrets: [secret] }, { [`envs.${name}`]: ["envs", 0, "value"] }),
      ])
    expect(codes(asking("TOKEN", { name: "TOKEN" }))).toEqual(["env.name.secret"])
    expect(asking("TOKEN", { name: "TOKEN" }).findings[0]?.fix).toEqual([{ op: "remove", path: "/envs/0" }])
    expect(codes(asking("TOKEN", { name: "other", env: "TOKEN" }))).toEqual(["env.name.secret"])
    expect(codes(asking("TOKEN", { name: "TOKEN", env: "OTHER" }))).toEqual([])
    expect(codes(asking("MY_SECRET", { name: "my-secret" }))).toEqual([])
  })

  it("two secrets in one variable, and a secret in a variable of Berth's", () => {
    expect(codes(resolve([layer("run", { secrets: [{ name: "A" }, { name: "B", env: "A" }] })]))).toEqual([
      "secret.env.duplicate",
    ])
    expect(codes(resolve([layer("run", { secrets: [{ name: "A", env: "RUN_ID" }] })]))).toEqual(["env.name.reserved"])
  })

  it("a request above a limit that another layer set, without a fix where it is not the run's", () => {
    const [finding] = resolve([
      layer("task", { resources: { mem: { limits: "2Gi" } } }),
      layer("run", { resources: { mem: { requests: "64Gi" } } }),
    ]).findings
    expect(finding).toMatchObject({
      code: "resources.layers.conflict",
      path: ["resources", "mem", "requests"],
      data: { requests: "64Gi", limits: "2Gi", otherLayer: "task" },
    })
  })

  it("carries the layer and no fix for what another layer set", () => {
    const [finding] = resolve([layer("task", { envs: [{ name: "RUN_ID", value: "x" }] })]).findings
    expect(finding?.data).toEqual({ name: "RUN_ID", layer: "task" })
    expect(finding?.fix).toBeUndefined()
  })
})
