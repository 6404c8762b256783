import { readFileSync } from "node:fs"
import { describe, expect, it } from "vitest"
import type { JsonObject } from "../json.ts"
import { applyPatch } from "../json-patch.ts"
import { formatPath } from "../path.ts"
import type { Requirements } from "../requirements.ts"
import { toWire } from "../wire.ts"
import { historicForms } from "./historic.ts"
import { normalise } from "./normalise.ts"

interface Case {
  readonly name: string
  readonly forms: readonly string[]
  readonly spec: JsonObject
  readonly canonical: JsonObject
  readonly rest?: JsonObject
  readonly findings: readonly string[]
}

const file = new URL("../../../../fixtures/historic/forms.json", import.meta.url)
const cases = JSON.parse(readFileSync(file, "utf8")) as readonly Case[]
const options = { unknownKeys: "error", knownMembers: [] } as const

describe("historic forms", () => {
  it.each(cases)("$name", ({ spec, canonical, rest, findings }) => {
    const result = normalise(spec, options)
    expect(toWire(result.layer as Requirements)).toEqual(canonical)
    expect(result.rest).toEqual(rest ?? {})
    expect(result.findings.map(({ severity, code, path }) => `${severity} ${code} ${formatPath(path ?? [])}`)).toEqual(
      findings,
    )
  })

  it("every row of the table is shown by a case, and every case names rows of the table", () => {
    const shown = new Set(cases.flatMap(({ forms }) => forms))
    expect([...shown].sort()).toEqual(historicForms.map(({ id }) => id).sort())
  })

  it.each(cases.filter(({ findings }) => findings.some((finding) => !finding.startsWith("error"))))(
    "the fixes of $name change its spelling and not its meaning",
    ({ spec }) => {
      const result = normalise(spec, options)
      for (const { code, path, data, fix } of result.findings) {
        if (fix === undefined) continue
        const repaired = normalise(applyPatch(spec, fix), options)
        expect(repaired.findings).not.toContainEqual(expect.objectContaining({ code, path, data }))
        const sameValue = ({ layer }: typeof result) => JSON.stringify(layer).replaceAll(/"1E9"|"1G"|"1E"|"1000P"/g, "")
        if (code !== "quantity.bare_bytes") expect(sameValue(repaired)).toBe(sameValue(result))
      }
    },
  )
})
