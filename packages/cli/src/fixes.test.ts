import { createFinding, type Finding, type PatchOperation } from "@berth/spec"
import { describe, expect, it } from "vitest"
import { applyFixes, countFixes, describeFix, numberFixes, parseFixNumbers } from "./fixes.ts"

function finding(fix?: readonly PatchOperation[]): Finding {
  return createFinding("field.unknown", { key: "x" }, { fix })
}

const spec = { resources: { mem: { requests: "64GB" }, gpu: 0.5 }, tolerence: [{ key: "a" }], envs: ["a", "b", "c"] }
const findings = [
  finding([{ op: "replace", path: "/resources/mem/requests", value: "64Gi" }]),
  finding(),
  finding([{ op: "replace", path: "/resources/gpu", value: 1 }]),
  finding([{ op: "move", from: "/tolerence", path: "/tolerations" }]),
]

describe("fixes", () => {
  it("are numbered in the order of their findings, findings without one are not", () => {
    expect(numberFixes(findings).map(({ number }) => number)).toEqual([1, undefined, 2, 3])
    expect(numberFixes(findings, 5).map(({ number }) => number)).toEqual([5, undefined, 6, 7])
    expect(countFixes(findings)).toBe(3)
  })

  it("are applied by number, in whatever order and how often they are named", () => {
    const fixed = {
      resources: { mem: { requests: "64Gi" }, gpu: 1 },
      tolerations: [{ key: "a" }],
      envs: ["a", "b", "c"],
    }
    expect(applyFixes(spec, numberFixes(findings), [1, 2, 3])).toEqual(fixed)
    expect(applyFixes(spec, numberFixes(findings), [3, 2, 1, 1])).toEqual(fixed)
    expect(applyFixes(spec, numberFixes(findings), [2]).resources).toEqual({ mem: { requests: "64GB" }, gpu: 1 })
    expect(spec.resources.gpu).toBe(0.5)
  })

  it("that remove entries of one list remove the ones they name", () => {
    const removals = [finding([{ op: "remove", path: "/envs/0" }]), finding([{ op: "remove", path: "/envs/1" }])]
    expect(applyFixes(spec, numberFixes(removals), [1, 2]).envs).toEqual(["c"])
  })

  it("refuse a number that has none, and fixes that exclude each other", () => {
    expect(() => applyFixes(spec, numberFixes(findings), [4])).toThrow(/no fix 4/)
    const twice = finding([{ op: "remove", path: "/tolerence" }])
    expect(() => applyFixes(spec, numberFixes([twice, twice]), [1, 2])).toThrow(/one by one/)
  })

  it("read numbers and nothing else", () => {
    expect(parseFixNumbers("1, 2,3")).toEqual([1, 2, 3])
    for (const text of ["", "0", "a", "1,,2", "1.5", "-1"]) expect(() => parseFixNumbers(text)).toThrow(/--fix/)
  })

  it.each([
    [[{ op: "replace", path: "/a", value: "64Gi" }], "64Gi"],
    [[{ op: "add", path: "/tolerations/-", value: { key: "a" } }], '{"key":"a"}'],
    [[{ op: "remove", path: "/envs/0/value" }], "remove envs[0].value"],
    [[{ op: "move", from: "/a", path: "/tolerations" }], "tolerations"],
    [[{ op: "remove", path: "/node_selector/example.com~1gpu" }], 'remove node_selector["example.com/gpu"]'],
  ] as const satisfies readonly (readonly [readonly PatchOperation[], string])[])("%j read as %s", (patch, text) => {
    expect(describeFix(patch)).toBe(text)
  })
})
