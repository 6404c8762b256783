import fc from "fast-check"
import { describe, expect, it } from "vitest"
import {
  isDnsLabel,
  isDnsSubdomain,
  isIdentifier,
  isLabelKey,
  isLabelValue,
  isObjectKey,
  isServiceName,
  secretAlias,
  toDnsLabel,
} from "./labels.ts"

describe("names that Kubernetes allows", () => {
  const long = "a".repeat(63)
  it.each<[(text: string) => boolean, readonly string[], readonly string[]]>([
    [isDnsLabel, ["a", "0", "my-pvc", long], ["", "-a", "a-", "A", "a.b", "a_b", `${long}a`, "a\n"]],
    [
      isDnsSubdomain,
      ["a", "a.b-c.d", `${long}.${long}.${long}.${long.slice(2)}`],
      ["", ".a", "a..b", "a.", "A.b", "a".repeat(254)],
    ],
    [isServiceName, ["a", "a-1"], ["1a", "", "a-", "A"]],
    [
      isLabelKey,
      ["a", "A_b.c-d", "nvidia.com/gpu", `${"a".repeat(63)}`],
      ["", "/a", "a/", "a//b", "a/b/c", "A.com/a", "-a", `${long}a`, "a b"],
    ],
    [isLabelValue, ["", "v100", "a_b.C-d", long], ["-a", "a-", "a b", "a@b", `${long}a`]],
    [isObjectKey, ["a", "A_b.c-d", ".env", "..a"], ["", ".", "..", "a/b", "a b", "a".repeat(254)]],
    [isIdentifier, ["A", "_a1", "HF_TOKEN"], ["", "1a", "env-name", "a.b", "A\n"]],
  ])("%o", (check, good, bad) => {
    expect(good.filter((text) => !check(text))).toEqual([])
    expect(bad.filter((text) => check(text))).toEqual([])
  })

  it("the nearest label of a text is a label", () => {
    expect(toDnsLabel("My Data_Set!")).toBe("my-data-set")
    expect(toDnsLabel("--")).toBeUndefined()
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        const label = toDnsLabel(text)
        expect(label === undefined || isDnsLabel(label)).toBe(true)
        if (isDnsLabel(text)) expect(toDnsLabel(text)?.replaceAll("-", "")).toBe(text.replaceAll("-", ""))
      }),
    )
  })

  it("the alias of a secret is an identifier, and only names that are none have one", () => {
    expect(secretAlias("my-secret")).toBe("MY_SECRET")
    expect(secretAlias("1st.key")).toBe("_1ST_KEY")
    expect(secretAlias("HF_TOKEN")).toBeUndefined()
    fc.assert(
      fc.property(fc.stringMatching(/^[-._a-zA-Z0-9]+$/), (name) => {
        const alias = secretAlias(name)
        expect(alias === undefined).toBe(isIdentifier(name))
        expect(alias === undefined || isIdentifier(alias)).toBe(true)
      }),
    )
  })
})
