import { readFileSync } from "node:fs"
import { describe, expect, it } from "vitest"
import type { Json, JsonObject } from "../json.ts"
import { formatPath } from "../path.ts"
import { type Normalised, normalise } from "./normalise.ts"

const page = new URL("../../../../fixtures/page/", import.meta.url)

/** The assignments of one of the page's snippets; Python's literals are JSON but for trailing commas. */
function readSnippet(name: string): JsonObject {
  const text = readFileSync(new URL(`${name}.py`, page), "utf8")
  const assignments = text.split(/^(\w+) = /m).slice(1)
  const spec: JsonObject = {}
  for (let index = 0; index < assignments.length; index += 2) {
    spec[assignments[index] ?? ""] = parseLiteral(assignments[index + 1] ?? "")
  }
  return spec
}

function parseLiteral(text: string): Json {
  return JSON.parse(text.replaceAll(/,(\s*[}\]])/g, "$1"))
}

function read(spec: JsonObject, unknownKeys: "error" | "warning" = "error"): Normalised {
  return normalise(spec, { unknownKeys, knownMembers: ["image", "command", "args"] })
}

function said({ findings }: Normalised): readonly string[] {
  return findings.map(({ severity, code, path }) => `${severity} ${code} ${formatPath(path ?? [])}`)
}

describe("the page", () => {
  it("N1 node_selector is typed a list and shown as one { key, value }", () => {
    const pair = { key: "disktype", value: "ssd" }
    const forms = [pair, [pair], { disktype: "ssd" }].map((form) => read({ node_selector: form }))
    for (const form of forms) expect(form.layer).toEqual({ nodeSelector: { disktype: "ssd" } })
    expect(forms.map(said)).toEqual([
      ["notice historic.form node_selector"],
      ["notice historic.form node_selector"],
      [],
    ])
    expect(forms[0]?.paths["node_selector.disktype"]).toEqual(["node_selector", "value"])
    expect(forms[1]?.paths["node_selector.disktype"]).toEqual(["node_selector", 0, "value"])
  })

  it("N1 its own example holds placeholders, which are no labels", () => {
    expect(said(read(readSnippet("node-selector")))).toEqual([
      "notice historic.form node_selector",
      "error label.key node_selector.key",
    ])
  })

  it("N1 one key with two values is refused", () => {
    const pairs = ["ssd", "hdd"].map((value) => ({ key: "disktype", value }))
    expect(said(read({ node_selector: pairs }))).toContain("error node_selector.conflict node_selector[1].value")
  })

  it("N2 toleration is tolerations", () => {
    const { toleration } = readSnippet("gpu")
    const result = read({ toleration: toleration ?? null })
    expect(said(result)).toEqual(["warning historic.alias toleration"])
    expect(result.layer.tolerations).toEqual([
      { key: "nvidia.com/gpu", operator: "Equal", value: "v100", effect: "NoSchedule" },
    ])
    expect(result.findings[0]?.fix).toEqual([{ op: "move", from: "/toleration", path: "/tolerations" }])
    expect(said(read({ toleration: toleration ?? null, tolerations: [] }))).toEqual(["error field.twice toleration"])
  })

  it("N3 env is envs, and env-name cannot be read by a shell", () => {
    const result = read(readSnippet("envs"))
    expect(said(result)).toEqual(["warning historic.alias env", "warning env.name.unreadable env[0].name"])
    expect(result.layer.envs).toEqual([{ name: "env-name", value: "value" }])
    expect(result.paths["envs.env-name"]).toEqual(["env", 0, "value"])
  })

  it("N3 numbers and truth values become text, and a name given twice is refused", () => {
    const result = read({ envs: { TOP: 20, DEBUG: false } })
    expect(result.layer.envs).toEqual([
      { name: "TOP", value: "20" },
      { name: "DEBUG", value: "false" },
    ])
    expect(said(result)).toEqual(["notice field.coerced envs.TOP", "notice field.coerced envs.DEBUG"])
    const twice = [1, 2].map((value) => ({ name: "A", value: `${value}` }))
    expect(said(read({ envs: twice }))).toEqual(["error env.name.duplicate envs[1].name"])
  })

  it('N4 "mem"{ is no literal in any language, and the parser says where', () => {
    expect(() => readSnippet("mem")).toThrow(/position 10|line 2 column 10/)
    const repaired = readFileSync(new URL("mem.py", page), "utf8").replace('"mem"{', '"mem": {')
    const result = read({ resources: parseLiteral(repaired.replace("resources = ", "")) })
    expect(result.layer).toEqual({ resources: { mem: { requests: "64Gi" } } })
    expect(result.findings).toEqual([])
  })

  it("N5 a GPU limit alone is enough, a request alone is copied, unequal or shared ones are refused", () => {
    const { resources } = readSnippet("gpu")
    expect(read({ resources: resources ?? null }).layer.resources).toEqual({ gpu: { limits: "1" } })
    const requests = read({ resources: { gpu: { requests: "1" } } })
    expect(requests.layer.resources).toEqual({ gpu: { requests: "1", limits: "1" } })
    expect(said(requests)).toEqual(["notice gpu.limit_copied resources.gpu.requests"])
    expect(said(read({ resources: { gpu: { requests: "1", limits: "2" } } }))).toEqual([
      "error gpu.unequal resources.gpu.requests",
    ])
    expect(said(read({ resources: { gpu: { limits: "0.5" } } }))).toEqual(["error gpu.fractional resources.gpu.limits"])
  })

  it("N6 the page's form is taken exactly: no limit appears where none is written", () => {
    expect(read(readSnippet("cpu")).layer).toEqual({ resources: { cpu: { requests: "12", limits: "16" } } })
    expect(read({ resources: { mem: { requests: "64Gi" } } }).layer.resources?.mem).toEqual({ requests: "64Gi" })
  })

  it("N7 toleration_seconds with NoSchedule is dropped and said; with NoExecute it stays", () => {
    const result = read(readSnippet("tolerations"))
    expect(said(result)).toEqual([
      "warning historic.alias toleration",
      "warning toleration.seconds_dropped toleration[0].toleration_seconds",
    ])
    expect(result.layer.tolerations).toEqual([
      { key: "nvidia.com/gpu", operator: "Equal", value: "v100", effect: "NoSchedule" },
    ])
    const kept = { key: "a", operator: "Exists", effect: "NoExecute", toleration_seconds: 300 }
    expect(read({ tolerations: [kept] }).layer.tolerations?.[0]?.tolerationSeconds).toBe(300)
    const effectless = { key: "a", operator: "Exists", toleration_seconds: 300 }
    expect(said(read({ tolerations: [effectless] }))).toEqual([
      "warning toleration.seconds_dropped tolerations[0].toleration_seconds",
    ])
  })

  it("N8 a GPU asks for no toleration of its own: whether a node needs one is the plan's to say", () => {
    const result = read({ resources: { gpu: { limits: "1" } } })
    expect(result.layer.tolerations).toBeUndefined()
    expect(result.findings).toEqual([])
  })

  it("N9 labels of words are the entity's, labels with values are the pod's", () => {
    const words = read({ labels: ["ml-service"] })
    expect([words.layer, words.rest, words.findings]).toEqual([{}, { labels: ["ml-service"] }, []])
    const map = read({ labels: { "nvidia.com/class": "a100" } })
    expect([map.layer, map.rest]).toEqual([{ podLabels: { "nvidia.com/class": "a100" } }, {}])
    expect(said(map)).toEqual(["notice historic.form labels"])
    const pairs = [{ name: "a", value: "b" }]
    expect(read({ labels: pairs }).layer).toEqual({ podLabels: { a: "b" } })
  })

  it("N10 affinity is read in snake_case and camelCase, and a preferred term has its true shape", () => {
    const snake = {
      node_affinity: {
        preferred_during_scheduling_ignored_during_execution: [
          { weight: 10, preference: { match_expressions: [{ key: "gpu", operator: "In", values: ["a100"] }] } },
        ],
      },
    }
    const camel = {
      nodeAffinity: {
        preferredDuringSchedulingIgnoredDuringExecution: [
          { weight: 10, preference: { matchExpressions: [{ key: "gpu", operator: "In", values: ["a100"] }] } },
        ],
      },
    }
    const [first, second] = [read({ affinity: snake }), read({ affinity: camel })]
    expect(first.layer).toEqual(second.layer)
    expect(first.layer.affinity).toEqual(camel)
    expect([first.findings, second.findings]).toEqual([[], []])
  })

  it("N11 all seven types are read; a spec that is left out falls back to the volume's name", () => {
    const types = ["persistent_volume_claim", "config_map", "secret", "empty_dir", "ephemeral", "shared_volume"]
    const volumes = types.map((volume_type, index) => ({ volume_type, name: `v${index}`, mount_path: `/v${index}` }))
    const image = { volume_type: "image", name: "v6", mount_path: "/v6", spec: { image: "models:1" } }
    const result = read({ volumes: [...volumes, image] })
    expect(result.layer.volumes?.map((volume) => ("spec" in volume ? volume.spec : null))).toEqual([
      { claimName: "v0" },
      { name: "v1" },
      { secretName: "v2" },
      {},
      { size: "2Gi" },
      { claimName: "v5" },
      { image: "models:1" },
    ])
    expect(result.findings.every(({ severity }) => severity === "notice")).toBe(true)
    const { spec: _left, ...bare } = image
    expect(said(read({ volumes: [bare] }))).toEqual(["error field.required volumes[0].spec.image"])
  })

  it("N12 a volume names any object; whether it may is the policy's to say", () => {
    expect(read(readSnippet("persistent-volume-claim")).layer.volumes).toEqual([
      {
        name: "my-pvc",
        volumeType: "persistent_volume_claim",
        mountPath: "/data",
        spec: { claimName: "pvc-name-on-k8s" },
      },
    ])
    expect(read(readSnippet("config-map")).layer.volumes).toEqual([
      {
        name: "my-config-map",
        volumeType: "config_map",
        mountPath: "/data",
        spec: { name: "config-map-name-on-k8s" },
      },
    ])
    expect(read(readSnippet("secret-volume")).layer.volumes).toEqual([
      { name: "my-secret", volumeType: "secret", mountPath: "/data", spec: { secretName: "secret-name-on-k8s" } },
    ])
  })

  it("N13 my-secret is given under its exact name and as MY_SECRET", () => {
    const result = read(readSnippet("secrets"))
    expect(result.layer.secrets).toEqual([{ name: "my-secret" }])
    expect(said(result)).toEqual(["notice secret.alias secrets[0]"])
    expect(result.findings[0]?.message).toContain("MY_SECRET")
    expect(read({ secrets: [{ name: "my-secret", env: "TOKEN" }] }).findings).toEqual([])
  })

  it("N14 resources are read in four shapes", () => {
    const bounds = { requests: "1", limits: "2" }
    const shapes: readonly Json[] = [
      { cpu: bounds },
      [{ resource_type: "cpu", ...bounds }],
      { requests: { cpu: "1" }, limits: { cpu: "2" } },
    ]
    for (const resources of shapes) expect(read({ resources }).layer).toEqual({ resources: { cpu: bounds } })
    expect(read({ resources: { cpu: "1", mem: "100Mi", gpu: "1" } }).layer.resources).toEqual({
      cpu: { requests: "1" },
      mem: { requests: "100Mi", limits: "110Mi" },
      gpu: { limits: "1" },
    })
  })

  it("N15 numbers are quantities; what is hardly meant is refused with what is", () => {
    expect(read({ resources: { cpu: { requests: 0.5 } } }).layer.resources).toEqual({ cpu: { requests: "500m" } })
    const bytes = read({ resources: { mem: { requests: 8589934592 } } })
    expect(said(bytes)).toEqual(["warning quantity.bare_bytes resources.mem.requests"])
    expect(bytes.layer.resources).toEqual({ mem: { requests: "8589934592" } })
    const meant = { "64m": "64Mi", "64GB": "64Gi", "64gi": "64Gi", "64 Gi": "64Gi", "1,5Gi": "1.5Gi" }
    for (const [written, value] of Object.entries(meant)) {
      const [finding] = read({ resources: { mem: { requests: written } } }).findings
      expect(finding?.fix).toEqual([{ op: "replace", path: "/resources/mem/requests", value }])
    }
  })

  it("N16 the name for the user becomes a pod volume's name, so it is a DNS label, once", () => {
    const volume = { volume_type: "empty_dir", name: "My Data", mount_path: "/data" }
    const [finding] = read({ volumes: [volume] }).findings
    expect(finding?.code).toBe("field.name")
    expect(finding?.fix).toEqual([{ op: "replace", path: "/volumes/0/name", value: "my-data" }])
    const twice = ["/a", "/b"].map((mount_path) => ({ ...volume, name: "data", mount_path }))
    expect(said(read({ volumes: twice }))).toEqual(["error volume.name.duplicate volumes[1].name"])
  })

  it("three volumes on /data, as the page's snippets give them together", () => {
    const volumes = ["persistent-volume-claim", "config-map", "secret-volume"].flatMap(
      (name) => readSnippet(name).volumes as Json[],
    )
    const result = read({ volumes })
    expect(said(result)).toEqual([
      "error volume.mount_path.duplicate volumes[1].mount_path",
      "error volume.mount_path.duplicate volumes[2].mount_path",
    ])
    expect(result.layer.volumes?.map(({ name }) => name)).toEqual(["my-pvc"])
  })
})
