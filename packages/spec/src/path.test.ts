import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { applyPatch } from "./json-patch.ts"
import { formatPath, toPointer } from "./path.ts"

describe("a path", () => {
  it.each([
    [[], ""],
    [["resources", "gpu", "limits"], "resources.gpu.limits"],
    [["volumes", 2, "mount_path"], "volumes[2].mount_path"],
    [["node_selector", "example.com/gpu"], 'node_selector["example.com/gpu"]'],
    [[0, "a"], "[0].a"],
    [["", 'a"b'], '[""]["a\\"b"]'],
  ] as const)("%j prints as %s", (path, text) => {
    expect(formatPath(path)).toBe(text)
  })

  it("as a pointer names the same place, whatever its members are called", () => {
    fc.assert(
      fc.property(fc.array(fc.string(), { minLength: 1, maxLength: 5 }), (path) => {
        const nest = (value: number) =>
          path.reduceRight<unknown>((inner, member) => Object.fromEntries([[member, inner]]), value)
        const changed = applyPatch(nest(1) as never, [{ op: "replace", path: toPointer(path), value: 2 }])
        expect(JSON.stringify(changed)).toBe(JSON.stringify(nest(2)))
      }),
    )
  })
})
