import fc from "fast-check"
import { describe, expect, it } from "vitest"
import type { NodeSelectorTerm } from "../affinity.ts"
import { matchesRequirement, unmetTerms } from "./affinity-match.ts"

const node = { name: "gpu-3", labels: { zone: "a", cores: "16", big: "9223372036854775807", text: "x1", empty: "" } }

function matches(...nodeSelectorTerms: readonly NodeSelectorTerm[]): boolean {
  return unmetTerms({ nodeSelectorTerms }, node).matches
}

describe("a requirement", () => {
  it.each([
    [{ key: "zone", operator: "In", values: ["a", "b"] }, true],
    [{ key: "zone", operator: "In", values: ["b"] }, false],
    [{ key: "absent", operator: "In", values: ["a"] }, false],
    [{ key: "empty", operator: "In", values: [""] }, true],
    [{ key: "zone", operator: "NotIn", values: ["a"] }, false],
    [{ key: "zone", operator: "NotIn", values: ["b"] }, true],
    [{ key: "absent", operator: "NotIn", values: ["a"] }, true],
    [{ key: "empty", operator: "Exists" }, true],
    [{ key: "absent", operator: "Exists" }, false],
    [{ key: "constructor", operator: "Exists" }, false],
    [{ key: "absent", operator: "DoesNotExist" }, true],
    [{ key: "zone", operator: "DoesNotExist" }, false],
    [{ key: "cores", operator: "Gt", values: ["15"] }, true],
    [{ key: "cores", operator: "Gt", values: ["16"] }, false],
    [{ key: "cores", operator: "Gt", values: ["-1"] }, true],
    [{ key: "cores", operator: "Gt", values: ["9", "10"] }, false],
    [{ key: "cores", operator: "Gt", values: ["1.5"] }, false],
    [{ key: "cores", operator: "Lt", values: ["17"] }, true],
    [{ key: "cores", operator: "Lt", values: ["16"] }, false],
    [{ key: "text", operator: "Gt", values: ["0"] }, false],
    [{ key: "text", operator: "Lt", values: ["0"] }, false],
    [{ key: "absent", operator: "Lt", values: ["5"] }, false],
    [{ key: "big", operator: "Gt", values: ["9223372036854775806"] }, true],
    [{ key: "cores", operator: "Lt", values: ["9223372036854775808"] }, false],
  ] as const)("%o is %s", (requirement, expected) => {
    expect(matches({ matchExpressions: [requirement] })).toBe(expected)
  })

  it("and its negation never agree where the label is there", () => {
    fc.assert(
      fc.property(fc.string(), fc.array(fc.string(), { minLength: 1 }), (value, values) => {
        const answer = (operator: "In" | "NotIn") => matchesRequirement({ key: "k", operator, values }, value)
        expect(answer("In")).toBe(!answer("NotIn"))
      }),
    )
  })
})

describe("terms", () => {
  const yes = { key: "zone", operator: "In", values: ["a"] } as const
  const no = { key: "zone", operator: "In", values: ["z"] } as const

  it("are alternatives; inside one, everything must hold", () => {
    expect(matches({ matchExpressions: [no] }, { matchExpressions: [yes] })).toBe(true)
    expect(matches({ matchExpressions: [yes, no] })).toBe(false)
    expect(matches({ matchExpressions: [no] }, { matchExpressions: [yes, no] })).toBe(false)
  })

  it("match nothing when they are empty or there is none", () => {
    expect(matches()).toBe(false)
    expect(matches({})).toBe(false)
    expect(matches({ matchExpressions: [], matchFields: [] })).toBe(false)
    expect(matches({}, { matchExpressions: [yes] })).toBe(true)
  })

  it("know the field metadata.name, In and NotIn only", () => {
    expect(matches({ matchFields: [{ key: "metadata.name", operator: "In", values: ["gpu-3"] }] })).toBe(true)
    expect(matches({ matchFields: [{ key: "metadata.name", operator: "NotIn", values: ["gpu-3"] }] })).toBe(false)
    expect(matches({ matchFields: [{ key: "metadata.name", operator: "Exists" }] })).toBe(false)
    expect(matches({ matchFields: [{ key: "zone", operator: "NotIn", values: ["b"] }] })).toBe(false)
    expect(
      matches({
        matchExpressions: [no],
        matchFields: [{ key: "metadata.name", operator: "In", values: ["gpu-3"] }],
      }),
    ).toBe(false)
  })

  it("say what did not hold", () => {
    expect(unmetTerms({ nodeSelectorTerms: [{ matchExpressions: [yes, no] }, {}] }, node).reasons).toEqual([
      "zone In (z)",
      "an empty term",
    ])
  })
})
