import { createFinding } from "@berth/spec"
import { expect, it } from "vitest"
import { readDocuments } from "./document.ts"
import { formatFindings } from "./findings.ts"
import { numberFixes } from "./fixes.ts"
import type { Terminal } from "./terminal.ts"

const plain: Terminal = {
  out: () => {},
  note: () => {},
  write: () => {},
  paint: (_style, text) => text,
  interactive: false,
}

const text = `kind: node
name: a
run:
  resources:
    mem: { requests: 64GB }
  tolerence: []
`

it("says where, what, what to do, and the number of the fix", () => {
  const source = readDocuments("bad.yaml", text).documents[0]?.source
  if (source === undefined) throw new Error("no document")
  const findings = [
    createFinding(
      "quantity.unit_byte",
      { value: "64GB", suggestions: ["64G", "64Gi"] },
      {
        path: ["resources", "mem", "requests"],
        fix: [{ op: "replace", path: "/resources/mem/requests", value: "64Gi" }],
      },
    ),
    createFinding("field.unknown", { key: "tolerence", suggestion: "tolerations" }, { path: ["tolerence"] }),
  ]
  const printed = formatFindings(numberFixes(findings), plain, { source, root: ["run"] })
  expect(printed).toMatch(
    /^ *error +bad\.yaml:5:22 +resources\.mem\.requests +"64GB" is not a Kubernetes quantity\..*fix 1: 64Gi/m,
  )
  expect(printed).toMatch(/^ *error +bad\.yaml:6:3 +tolerence +Unknown key "tolerence"\. Did you mean tolerations\?/m)
})

it("shows a hint and evidence under the message", () => {
  const finding = createFinding(
    "handler.raised",
    { type: "ValueError", message: "no" },
    { evidence: ["Traceback:", "  x"] },
  )
  expect(formatFindings([{ finding }], plain)).toMatch(/ValueError: no\n +│ Traceback:\n +│ {3}x/)
})

it("goes below its place where the terminal leaves no room beside it, and never over the edge", () => {
  const finding = createFinding(
    "volume.claim.missing",
    { volume: "a-volume", claim: "a-claim" },
    { path: ["volumes", 0, "spec", "claim_name"] },
  )
  const lines = formatFindings([{ finding }], { ...plain, width: 60 }).split("\n")
  expect(lines[0]).toBe("  warning  volumes[0].spec.claim_name")
  expect(lines.length).toBeGreaterThan(3)
  for (const line of lines) expect(line.length).toBeLessThanOrEqual(60)
})

it("gives no place in the file to what another layer set", () => {
  const source = readDocuments("bad.yaml", text).documents[0]?.source
  if (source === undefined) throw new Error("no document")
  const finding = createFinding("secret.unset", { name: "S" }, { path: ["secrets", 0] })
  const layered = { ...finding, data: { ...finding.data, layer: "profile" } } as typeof finding
  expect(formatFindings([{ finding: layered }], plain, { source, root: ["run"] })).toMatch(
    /^ +error +secrets\[0\] \(profile\) +The secret/,
  )
})
