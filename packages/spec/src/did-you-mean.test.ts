import { describe, expect, it } from "vitest"
import { didYouMean } from "./did-you-mean.ts"
import { requirementNames } from "./normalise/normalise.ts"

describe("didYouMean", () => {
  it.each([
    ["tolerence", "tolerations"],
    ["toleration", "tolerations"],
    ["nodeSelecter", "node_selector"],
    ["node-selector", "node_selector"],
    ["selector", "node_selector"],
    ["resource", "resources"],
    ["resuorces", "resources"],
    ["volume", "volumes"],
    ["afinity", "affinity"],
    ["priorityClassName", "priority_class"],
    ["timeout", "timeouts"],
    ["secret", "secrets"],
    ["evns", "envs"],
  ])("%s is %s", (typed, meant) => {
    expect(didYouMean(typed, requirementNames)).toBe(meant)
  })
  it.each(["", "x", "foo", "banana", "constructor", "__proto__", "a".repeat(65)])("%s is nothing of ours", (typed) => {
    expect(didYouMean(typed, requirementNames)).toBeUndefined()
  })
  it("does not take one short word for another", () => {
    expect(didYouMean("tpu", ["cpu", "gpu", "mem"])).toBeUndefined()
    expect(didYouMean("CPU", ["cpu", "gpu"])).toBe("cpu")
  })
})
