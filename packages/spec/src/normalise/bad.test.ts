import { readdirSync, readFileSync } from "node:fs"
import { describe, expect, it } from "vitest"
import type { Json, JsonObject } from "../json.ts"
import { applyPatch } from "../json-patch.ts"
import { formatPath } from "../path.ts"
import { type Normalised, normalise } from "./normalise.ts"

interface Case {
  readonly name: string
  readonly spec: JsonObject
  /** Every error: code and path. */
  readonly errors: readonly string[]
}

const folder = new URL("../../../../fixtures/requirements-bad/", import.meta.url)
const groups = readdirSync(folder).map((file) => ({
  file,
  cases: JSON.parse(readFileSync(new URL(file, folder), "utf8")) as readonly Case[],
}))

function read(spec: JsonObject): Normalised {
  return normalise(spec, { unknownKeys: "error", knownMembers: ["parameters"] })
}

function errorsOf({ findings }: Normalised): readonly string[] {
  return findings
    .filter(({ severity }) => severity === "error")
    .map(({ code, path }) => `${code} ${formatPath(path ?? [])}`)
}

describe("bad requirements", () => {
  it("are at least eighty, and each is refused", () => {
    const cases = groups.flatMap((group) => group.cases)
    expect(cases.length).toBeGreaterThanOrEqual(80)
    expect(cases.filter(({ errors }) => errors.length === 0)).toEqual([])
  })

  describe.each(groups)("$file", ({ cases }) => {
    it.each(cases)("$name", ({ spec, errors }) => {
      const before = JSON.stringify(spec)
      const result = read(spec)
      expect(errorsOf(result)).toEqual(errors)
      expect(JSON.stringify(spec)).toBe(before)
    })

    it.each(cases)("a fix of $name removes what it is for, and adds no error of its kind", ({ spec }) => {
      for (const { code, path, fix } of read(spec).findings) {
        if (fix === undefined) continue
        const repaired = read(applyPatch(spec, fix)).findings
        expect(repaired.filter((finding) => finding.code === code).map((finding) => finding.path)).not.toContainEqual(
          path,
        )
      }
    })
  })
})

function many<T>(count: number, make: (index: number) => T): T[] {
  return Array.from({ length: count }, (_, index) => make(index))
}

function nest(depth: number): Json {
  let value: Json = "deep"
  for (let level = 0; level < depth; level += 1) value = level % 2 === 0 ? [value] : { a: value }
  return value
}

describe("absurd sizes", () => {
  it.each<[string, JsonObject, string]>([
    ["variables", { envs: many(1001, (n) => ({ name: `A${n}`, value: "" })) }, "field.too_many envs"],
    ["variables in a map", { envs: Object.fromEntries(many(1001, (n) => [`A${n}`, ""])) }, "field.too_many envs"],
    ["volumes", { volumes: many(101, () => ({})) }, "field.too_many volumes"],
    ["secrets", { secrets: many(1001, (n) => `S${n}`) }, "field.too_many secrets"],
    ["tolerations", { tolerations: many(101, () => ({ operator: "Exists" })) }, "field.too_many tolerations"],
    [
      "selectors",
      { node_selector: Object.fromEntries(many(101, (n) => [`a${n}`, "b"])) },
      "field.too_many node_selector",
    ],
    ["ports", { service_ports: many(101, () => ({})) }, "field.too_many service_ports"],
    ["resources", { resources: many(21, () => ({})) }, "field.too_many resources"],
    ["a text", { envs: { A: "x".repeat(65_537) } }, "field.too_long envs.A"],
    ["a quantity", { resources: { cpu: "1".repeat(100_000) } }, "field.too_long resources.cpu"],
    [
      "annotations",
      { annotations: Object.fromEntries(many(9, (n) => [`a${n}`, "x".repeat(30_000)])) },
      "annotations.too_large annotations",
    ],
  ])("too many or too large: %s", (_name, spec, error) => {
    expect(errorsOf(read(spec))).toEqual([error])
  })

  it("nesting without end is refused where it gets too deep, once", () => {
    for (const spec of [{ pod_patch: { a: nest(100_000) } }, { parameters: { a: nest(100_000) } }]) {
      const result = read(spec)
      expect(result.findings.map(({ code }) => code)).toEqual(["field.too_deep"])
      expect(result.findings[0]?.path?.length).toBe(64)
    }
    expect(read({ parameters: { a: nest(60) } }).findings).toEqual([])
  })

  it("a hundred thousand unknown keys are told in a thousand findings, and that there are more", () => {
    const spec = Object.fromEntries(many(100_000, (n) => [`key${n}`, n]))
    const { findings } = read(spec)
    expect(findings.length).toBe(1001)
    expect(findings.at(-1)?.code).toBe("field.more")
    expect(findings.at(-1)?.severity).toBe("error")
  })

  it("a text of ten megabytes around the requirements is none of their business", () => {
    expect(read({ parameters: { text: "x".repeat(10_000_000) } }).findings).toEqual([])
  })
})
