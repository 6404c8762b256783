import { type JsonObject, type LayerName, normalise, type Policy, resolve } from "@berth/spec"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { checkPolicy, checkPolicyDocument } from "./policy.ts"

function resolved(spec: JsonObject, name: LayerName = "run") {
  const { layer, paths, findings } = normalise(spec, { unknownKeys: "error", knownMembers: [] })
  expect(findings.filter(({ severity }) => severity === "error")).toEqual([])
  return resolve([{ name, layer, paths }])
}

const check = (policy: Policy, spec: JsonObject, layer?: LayerName) =>
  checkPolicy(policy, resolved(spec, layer)).map(({ code, path }) => [code, path])

const secretVolume = (name: string) => ({
  volumes: [{ volume_type: "secret", name: "v", mount_path: "/v", spec: { secret_name: name } }],
})

const page: JsonObject = {
  node_selector: { disktype: "ssd" },
  volumes: [
    { volume_type: "persistent_volume_claim", name: "a", mount_path: "/a", spec: { claim_name: "c" } },
    { volume_type: "config_map", name: "b", mount_path: "/b", spec: { name: "m" } },
    { volume_type: "secret", name: "c", mount_path: "/c", spec: { secret_name: "s" } },
  ],
  resources: { cpu: { requests: "1" }, mem: { limits: "1Gi" }, gpu: { limits: "1" } },
  affinity: {
    nodeAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: {
        nodeSelectorTerms: [{ matchExpressions: [{ key: "z", operator: "Exists" }] }],
      },
    },
  },
  tolerations: [{ key: "k", operator: "Exists" }],
  envs: [{ name: "A", value: "b" }],
  secrets: ["S"],
}

describe("without a rule", () => {
  it("allows the whole page", () => expect(check({}, page)).toEqual([]))

  it.each([
    [{ priority_class: "high" }, ["priority_class"]],
    [{ runtime_class: "kata" }, ["runtime_class"]],
    [{ service_type: "LoadBalancer" }, ["service_type"]],
    [{ security_context: { run_as_user: 0 } }, ["security_context", "run_as_user"]],
    [{ pod_patch: { spec: { hostNetwork: true } } }, ["pod_patch"]],
  ])("needs a list for %j", (spec, path) => {
    const found = check({}, spec)
    expect(found.map(([code]) => code)).toEqual(["policy.denied"])
    expect(found[0]?.[1]?.slice(0, path.length)).toEqual(path)
  })

  it.each([[{ service_type: "ClusterIP" }], [{ security_context: { run_as_user: 8877 } }], [{ replicas: 2 }]])(
    "allows %j",
    (spec) => expect(check({}, spec)).toEqual([]),
  )
})

describe("a rule", () => {
  it.each<[Policy, JsonObject, number]>([
    [{ volumes: "deny" }, secretVolume("s"), 1],
    [{ volumes: { allow: ["config_map"] } }, secretVolume("s"), 1],
    [{ volumes: { allow: ["secret"] } }, secretVolume("s"), 0],
    [{ volumes: "deny", "volumes.secret": { allow: ["team-*"] } }, secretVolume("team-a"), 0],
    [{ "volumes.secret": { allow: ["team-*"] } }, secretVolume("other"), 1],
    [{ "volumes.secret": { allow: ["a*c"] } }, secretVolume("ac"), 0],
    [{ "volumes.secret": { allow: ["ab*ba"] } }, secretVolume("aba"), 1],
    [{ priority_class: { allow: ["low"] } }, { priority_class: "low" }, 0],
    [{ priority_class: { allow: ["low"] } }, { priority_class: "high" }, 1],
    [{ priority_class: "allow" }, { priority_class: "high" }, 0],
    [{ "resources.gpu": "deny" }, { resources: { gpu: { limits: "1" } } }, 1],
    [{ resources: { allow: ["cpu"] } }, { resources: { mem: { limits: "1Gi" } } }, 1],
    [
      { tolerations: { allow: ["a/*"] } },
      { tolerations: [{ key: "a/b", operator: "Exists" }, { operator: "Exists" }] },
      1,
    ],
    [{ "security_context.run_as_user": { allow: ["0"] } }, { security_context: { run_as_user: 0 } }, 0],
    [{ secrets: { allow: ["A"] } }, { secrets: ["A", "B"] }, 1],
    [{ pod_patch: { allow: ["spec.hostNetwork"] } }, { pod_patch: { spec: { hostNetwork: true } } }, 0],
    [{ pod_patch: { allow: ["spec.dns*"] } }, { pod_patch: { spec: { hostNetwork: true } } }, 1],
  ])("%j on %j: %i", (policy, spec, count) => expect(check(policy, spec)).toHaveLength(count))

  it("names itself, the value and the layer that set it", () => {
    const [finding] = checkPolicy({ priority_class: { allow: ["low"] } }, resolved({ priority_class: "high" }, "task"))
    expect(finding).toMatchObject({
      class: "policy",
      data: { field: "priority_class high", rule: "priority_class: allow low", layer: "task" },
      path: ["priority_class"],
    })
  })

  it("does not bind what an administrator set", () => {
    expect(check({ priority_class: "deny" }, { priority_class: "high" }, "profile")).toEqual([])
    expect(check({ priority_class: "deny" }, { priority_class: "high" }, "default")).toEqual([])
  })
})

describe("what no rule opens", () => {
  const open: Policy = { volumes: "allow", "volumes.secret": "allow", annotations: "allow", pod_labels: "allow" }

  it("Berth's own objects", () => {
    expect(check(open, secretVolume("berth-secrets"))).toEqual([
      ["volume.reference.forbidden", ["volumes", 0, "spec", "secret_name"]],
    ])
    expect(check(open, secretVolume("my-berth-secrets"))).toEqual([])
  })

  it.each(["pod_labels", "annotations"])("keys of Berth's own in %s", (field) => {
    expect(check(open, { [field]: { "berth.dev/run": "x" } }).map(([code]) => code)).toEqual(["label.reserved"])
    expect(check(open, { [field]: { "berth.dev.example.com/run": "x" } })).toEqual([])
  })
})

it("says which field of a policy would never match", () => {
  expect(checkPolicyDocument({ priorityClass: "deny", volumes: "allow" })).toMatchObject([
    { code: "policy.field_unknown", path: ["priorityClass"], data: { suggestion: "priority_class" } },
  ])
})

it("matches `*` as a glob does", () => {
  const letters = fc.array(fc.constantFrom("a", "b", "*"), { maxLength: 6 }).map((list) => list.join(""))
  const text = fc.array(fc.constantFrom("a", "b"), { minLength: 1, maxLength: 8 }).map((list) => list.join(""))
  fc.assert(
    fc.property(letters, text, (pattern, value) => {
      const expression = new RegExp(`^${pattern.replaceAll("*", ".*")}$`)
      const denied = check({ "volumes.secret": { allow: [pattern] } }, secretVolume(value)).length > 0
      expect(denied).toBe(!expression.test(value))
    }),
  )
})
