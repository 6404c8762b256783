import fc from "fast-check"
import { describe, expect, it } from "vitest"
import type { InventoryNode } from "../executor.ts"
import { applyPatch } from "../json-patch.ts"
import type { Origin, Provenance } from "../provenance.ts"
import type { Requirements, Toleration } from "../requirements.ts"
import { effectiveRequests, fitNode } from "./fit.ts"
import { tolerates } from "./taints.ts"

const machine: InventoryNode = {
  name: "gpu-3",
  labels: { disktype: "hdd", "kubernetes.io/hostname": "gpu-3" },
  taints: [],
  allocatable: { cpu: "7910m", memory: "65402524Ki", "nvidia.com/gpu": "2", pods: "110" },
  requested: { cpu: "1", memory: "2Gi", pods: "4" },
}

function fit(requirements: Requirements, node: Partial<InventoryNode> = {}, provenance: Provenance = {}) {
  return fitNode({ requirements, provenance }, { ...machine, ...node })
}

function run(...path: (string | number)[]): Origin {
  return { layer: "run", path }
}

describe("resources", () => {
  it("fit, wait, or never fit, by request against free and allocatable", () => {
    const asking = (requests: string) => fit({ resources: { mem: { requests } } }).fit
    expect(asking("60Gi")).toBe("fits")
    expect(asking("62Gi")).toBe("waits")
    expect(asking("64Gi")).toBe("never")
    expect(fit({}).fit).toBe("fits")
  })

  it("count to the last byte and the last thousandth of a core", () => {
    const free = { requested: {} }
    expect(fit({ resources: { mem: { requests: "65402524Ki" } } }, free).fit).toBe("fits")
    expect(fit({ resources: { mem: { requests: String(65402524 * 1024 + 1) } } }, free).fit).toBe("never")
    expect(fit({ resources: { cpu: { requests: "7.91" } } }, free).fit).toBe("fits")
    expect(fit({ resources: { cpu: { requests: "7911m" } } }, free).fit).toBe("never")
  })

  it("say the numbers in the user's own notation and what would fit", () => {
    const provenance = { "resources.mem.requests": run("resources", "mem") }
    const [finding] = fit({ resources: { mem: { requests: "64Gi" } } }, {}, provenance).findings
    expect(finding).toMatchObject({
      code: "resources.exceed_node",
      path: ["resources", "mem"],
      data: { resource: "memory", requested: "64Gi", allocatable: "62.37Gi", shortfall: "1.63Gi", node: "gpu-3" },
      fix: [{ op: "replace", path: "/resources/mem", value: "62Gi" }],
    })
  })

  it.each([
    ["cpu", "12", "7910m"],
    ["cpu", "8000m", "7910m"],
    ["mem", "100G", "66G"],
    ["mem", "1Ti", "63869Mi"],
    ["gpu", "4", "2"],
  ] as const)("offer for %s %s the most that fits: %s", (name, asked, most) => {
    const bound = name === "gpu" ? "limits" : "requests"
    const requirements = { resources: { [name]: { [bound]: asked } } }
    const provenance = { [`resources.${name}.${bound}`]: run("resources", name, bound) }
    const { findings } = fit(requirements, {}, provenance)
    expect(findings[0]?.fix).toEqual([{ op: "replace", path: `/resources/${name}/${bound}`, value: most }])
    const changed = applyPatch(requirements, findings[0]?.fix ?? []) as Requirements
    expect(fit(changed, { requested: {} }).fit).toBe("fits")
  })

  it("say what is free while others run", () => {
    const [finding] = fit({ resources: { cpu: { requests: "7500m" } } }).findings
    expect(finding?.data).toMatchObject({ requested: "7500m", free: "6910m", allocatable: "7910m" })
    expect(fit({ resources: { cpu: { requests: "1" } } }, { requested: { cpu: "9" } }).findings[0]?.data).toMatchObject(
      {
        free: "0",
      },
    )
  })

  it("take the limit where there is no request", () => {
    expect(effectiveRequests({ resources: { cpu: { limits: "2" }, mem: { requests: "1Gi", limits: "2Gi" } } })).toEqual(
      {
        cpu: "2",
        memory: "1Gi",
      },
    )
    expect(fit({ resources: { cpu: { limits: "16" } } }).fit).toBe("never")
  })

  it("name a GPU by its type, by what the caller looked up, or as the cluster does", () => {
    const gpu = (type?: string) => ({ resources: { gpu: { limits: "1", ...(type !== undefined && { type }) } } })
    expect(effectiveRequests(gpu())).toEqual({ "nvidia.com/gpu": "1" })
    expect(effectiveRequests(gpu(), "amd.com/gpu")).toEqual({ "amd.com/gpu": "1" })
    expect(effectiveRequests(gpu("intel.com/gpu"), "amd.com/gpu")).toEqual({ "intel.com/gpu": "1" })
    expect(effectiveRequests(gpu("a100"), "example.com/a100")).toEqual({ "example.com/a100": "1" })
  })

  it("say that there is no GPU, and which others there are", () => {
    const [finding] = fit({ resources: { gpu: { limits: "1", type: "amd.com/gpu" } } }).findings
    expect(finding).toMatchObject({
      code: "gpu.none",
      data: { resource: "amd.com/gpu", available: ["nvidia.com/gpu (2)"] },
    })
    expect(fit({ resources: { gpu: { limits: "1" } } }, { allocatable: { cpu: "1" } }).findings[0]?.hint).toBe(
      "No GPU is known here.",
    )
  })

  it("wait for one more pod", () => {
    const { fit: verdict, findings } = fit({}, { requested: { pods: "110" } })
    expect([verdict, findings[0]?.data]).toEqual(["waits", expect.objectContaining({ resource: "pods", free: "0" })])
  })

  it("carry the layer and no fix for what another layer set", () => {
    const provenance = { "resources.cpu.requests": { layer: "task", path: ["resources", "cpu"] } } as const
    const [finding] = fit({ resources: { cpu: { requests: "64" } } }, {}, provenance).findings
    expect(finding?.data).toMatchObject({ layer: "task" })
    expect(finding?.fix).toBeUndefined()
  })

  it("never get worse when a node grows, or better when more runs there", () => {
    const order = { fits: 0, waits: 1, never: 2 } as const
    const cores = fc.nat(64)
    fc.assert(
      fc.property(fc.tuple(cores, cores, cores, cores), ([asked, size, used, more]) => {
        const verdict = (cpu: number, requested: number) =>
          order[
            fit(
              { resources: { cpu: { requests: `${asked}` } } },
              { allocatable: { cpu: `${cpu}` }, requested: { cpu: `${requested}` } },
            ).fit
          ]
        expect(verdict(size + more, used)).toBeLessThanOrEqual(verdict(size, used))
        expect(verdict(size, used + more)).toBeGreaterThanOrEqual(verdict(size, used))
      }),
    )
  })
})

describe("selector", () => {
  const asking = (path: (string | number)[], key = "disktype", value = "ssd") =>
    fit({ nodeSelector: { [key]: value } }, {}, { [`node_selector.${key}`]: run(...path) })

  it("wants exactly equal labels, all of them", () => {
    expect(fit({ nodeSelector: { disktype: "hdd" } }).fit).toBe("fits")
    expect(fit({ nodeSelector: { disktype: "HDD" } }).fit).toBe("never")
    expect(fit({ nodeSelector: { disktype: "hdd", zone: "a" } }).findings).toHaveLength(1)
    expect(fit({ nodeSelector: { constructor: "x" } }).findings[0]?.data).not.toHaveProperty("actual")
  })

  it.each([
    [{ node_selector: { disktype: "ssd" } }, ["node_selector", "disktype"]],
    [{ node_selector: [{ key: "disktype", value: "ssd" }] }, ["node_selector", 0]],
    [{ node_selector: [{ key: "disktype", value: "ssd" }] }, ["node_selector", 0, "value"]],
    [{ node_selector: { key: "disktype", value: "ssd" } }, ["node_selector"]],
    [{ node_selector: { key: "disktype", value: "ssd" } }, ["node_selector", "value"]],
  ] as const)("offers the node's own value in the form the user wrote: %j at %j", (spec, path) => {
    const fix = asking([...path]).findings[0]?.fix ?? []
    const changed = applyPatch(structuredClone(spec) as never, fix)
    expect(JSON.stringify(changed)).toBe(JSON.stringify(spec).replace("ssd", "hdd"))
  })

  it("names labels that may be meant and offers to drop the one that the node lacks", () => {
    const { findings } = asking(["node_selector", "diskType"], "diskType", "ssd")
    expect(findings[0]).toMatchObject({
      data: { nearestKeys: ["disktype=hdd"] },
      fix: [{ op: "remove", path: "/node_selector/diskType" }],
    })
    expect(asking(["node_selector", 1, "value"], "host", "gpu-3").findings[0]).toMatchObject({
      data: { nearestKeys: ["kubernetes.io/hostname=gpu-3"] },
      fix: [{ op: "remove", path: "/node_selector/1" }],
    })
  })
})

describe("affinity", () => {
  const term = { matchExpressions: [{ key: "disktype", operator: "In", values: ["ssd"] }] } as const

  it("blocks when no required term matches", () => {
    const affinity = { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [term] } } }
    const [finding] = fit({ affinity }, {}, { "affinity.node_affinity": run("affinity", "nodeAffinity") }).findings
    expect(finding).toMatchObject({
      code: "placement.affinity.no_match",
      path: ["affinity", "nodeAffinity"],
      data: { unmet: ["disktype In (ssd)"] },
    })
  })

  it("never blocks by preference", () => {
    const preferred = [{ weight: 100, preference: term }]
    expect(
      fit({ affinity: { nodeAffinity: { preferredDuringSchedulingIgnoredDuringExecution: preferred } } }).fit,
    ).toBe("fits")
  })
})

describe("taints", () => {
  const v100 = { key: "nvidia.com/gpu", value: "v100", effect: "NoSchedule" }

  it.each([
    [{ key: "nvidia.com/gpu", operator: "Equal", value: "v100", effect: "NoSchedule" }, true],
    [{ key: "nvidia.com/gpu", value: "v100" }, true],
    [{ key: "nvidia.com/gpu", operator: "Exists" }, true],
    [{ operator: "Exists" }, true],
    [{ key: "", operator: "Exists", effect: "NoSchedule" }, true],
    [{ key: "nvidia.com/gpu", value: "a100" }, false],
    [{ key: "nvidia.com/gpu" }, false],
    [{ key: "nvidia.com/gpu", operator: "Exists", effect: "NoExecute" }, false],
    [{ key: "other", operator: "Exists" }, false],
  ] as const satisfies readonly (readonly [Toleration, boolean])[])("%o: %s", (toleration, expected) => {
    expect(tolerates(toleration, v100)).toBe(expected)
    expect(fit({ tolerations: [toleration] }, { taints: [v100] }).fit).toBe(expected ? "fits" : "never")
  })

  it("block by NoSchedule and NoExecute, not by PreferNoSchedule", () => {
    const tainted = (effect: string) => fit({}, { taints: [{ key: "k", effect }] }).fit
    expect([tainted("NoSchedule"), tainted("NoExecute"), tainted("PreferNoSchedule")]).toEqual([
      "never",
      "never",
      "fits",
    ])
  })

  it("name the taint and add the toleration that helps where the user keeps theirs", () => {
    const helped = { key: "nvidia.com/gpu", operator: "Equal", value: "v100", effect: "NoSchedule" }
    const [finding] = fit({}, { taints: [v100] }).findings
    expect(finding?.data).toMatchObject({ taint: "nvidia.com/gpu=v100:NoSchedule" })
    expect(finding?.hint).toContain("{ key: nvidia.com/gpu, operator: Equal, value: v100, effect: NoSchedule }")
    expect(finding?.fix).toEqual([{ op: "add", path: "/tolerations", value: [helped] }])
    const own: Requirements = { tolerations: [{ key: "spot", operator: "Exists" }] }
    const fixes = (path: (string | number)[], layer: Origin["layer"] = "run") =>
      fit(own, { taints: [v100] }, { "tolerations.0": { layer, path } }).findings[0]?.fix
    expect(fixes(["toleration", 0])).toEqual([{ op: "add", path: "/toleration/-", value: helped }])
    expect(fixes(["toleration"])).toBeUndefined()
    expect(fixes(["tolerations", 0], "task")).toEqual([{ op: "add", path: "/tolerations", value: [helped] }])
  })

  it("say once that a node is closed, unless it is tolerated", () => {
    const closed = { key: "node.kubernetes.io/unschedulable", effect: "NoSchedule" }
    const codes = (node: Partial<InventoryNode>, tolerations: readonly Toleration[] = []) =>
      fit({ tolerations }, node).findings.map((finding) => finding.code)
    expect(codes({ unschedulable: true })).toEqual(["placement.node.unschedulable"])
    expect(codes({ unschedulable: true, taints: [closed] })).toEqual(["placement.node.unschedulable"])
    expect(codes({ unschedulable: true, taints: [closed] }, [{ operator: "Exists" }])).toEqual([])
  })
})

it("tells everything that is in the way at once", () => {
  const { fit: verdict, findings } = fit(
    { nodeSelector: { a: "b" }, resources: { cpu: { requests: "7" }, mem: { requests: "1Ti" }, gpu: { limits: "1" } } },
    { taints: [{ key: "k", effect: "NoSchedule" }], allocatable: { cpu: "8", memory: "1Gi" }, requested: { cpu: "2" } },
  )
  expect(verdict).toBe("never")
  expect(findings.map((finding) => finding.code)).toEqual([
    "placement.selector.no_match",
    "placement.taint.untolerated",
    "resources.exceed_node",
    "gpu.none",
    "resources.insufficient",
  ])
})

it("checks 1,000 nodes with their fixes in under 50 ms", () => {
  const labels = Object.fromEntries(
    Array.from({ length: 20 }, (_, index) => [`example.com/label-${index}`, `${index}`]),
  )
  const nodes = Array.from({ length: 1000 }, (_, index) => ({
    ...machine,
    name: `node-${index}`,
    labels: { ...labels, ...machine.labels },
    taints: [{ key: "nvidia.com/gpu", value: "a100", effect: "NoSchedule" }],
  }))
  const requirements: Requirements = {
    nodeSelector: { diskType: "ssd" },
    resources: { cpu: { requests: "12" }, mem: { requests: "64Gi" }, gpu: { limits: "1" } },
  }
  const provenance = {
    "resources.cpu.requests": run("resources", "cpu"),
    "resources.mem.requests": run("resources", "mem"),
  }
  const once = () => {
    // Processor time: other programs of the machine do not count.
    const started = process.cpuUsage()
    const fits = nodes.map((node) => fitNode({ requirements, provenance }, node))
    const { user, system } = process.cpuUsage(started)
    const milliseconds = (user + system) / 1000
    expect(fits.every((each) => each.fit === "never" && each.findings.length === 4)).toBe(true)
    return milliseconds
  }
  expect(Math.min(...Array.from({ length: 12 }, once))).toBeLessThan(50)
})
