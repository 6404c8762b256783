import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { applyPatch } from "./json-patch.ts"
import { toPointer } from "./path.ts"

describe("applyPatch", () => {
  const document = { resources: { mem: "64GB" }, volumes: [{ name: "a" }, { name: "b" }], "a/b~c": 1 }

  it.each([
    [[{ op: "replace", path: "/resources/mem", value: "64Gi" }], { ...document, resources: { mem: "64Gi" } }],
    [[{ op: "remove", path: "/volumes/0" }], { ...document, volumes: [{ name: "b" }] }],
    [
      [{ op: "add", path: "/volumes/-", value: { name: "c" } }],
      { ...document, volumes: [...document.volumes, { name: "c" }] },
    ],
    [
      [{ op: "move", from: "/resources", path: "/limits" }],
      { volumes: document.volumes, "a/b~c": 1, limits: { mem: "64GB" } },
    ],
    [
      [{ op: "copy", from: "/resources/mem", path: "/resources/cpu" }],
      { ...document, resources: { mem: "64GB", cpu: "64GB" } },
    ],
    [[{ op: "remove", path: "/a~1b~0c" }], { resources: document.resources, volumes: document.volumes }],
  ] as const)("%j", (patch, expected) => {
    expect(applyPatch(document, patch)).toEqual(expected)
  })

  it("leaves the document as it is", () => {
    const before = JSON.stringify(document)
    applyPatch(document, [{ op: "remove", path: "/resources" }])
    expect(JSON.stringify(document)).toBe(before)
  })

  it.each([
    [{ op: "replace", path: "/nothing", value: 1 }],
    [{ op: "remove", path: "/volumes/2" }],
    [{ op: "remove", path: "/toString" }],
    [{ op: "add", path: "/volumes/x", value: 1 }],
    [{ op: "add", path: "/resources/mem/x", value: 1 }],
    [{ op: "test", path: "/resources/mem", value: "1" }],
    [{ op: "replace", path: "", value: 1 }],
    [{ op: "remove", path: "resources" }],
  ] as const)("refuses %j", (operation) => {
    expect(() => applyPatch(document, [operation])).toThrow(RangeError)
  })

  it("adds any member, and removing it gives the document back", () => {
    fc.assert(
      fc.property(fc.string(), fc.jsonValue(), (member, value) => {
        const path = toPointer([member])
        const original = { kept: true }
        if (member === "kept") return
        const added = applyPatch(original, [{ op: "add", path, value: JSON.parse(JSON.stringify(value)) }])
        expect(Object.hasOwn(added, member)).toBe(true)
        expect(applyPatch(added, [{ op: "remove", path }])).toEqual(original)
      }),
    )
  })
})
