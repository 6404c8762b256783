import { createFinding } from "@berth/spec"
import { expect, it } from "vitest"
import { readDocuments } from "./document.ts"
import { formatFindings } from "./findings.ts"
import { numberFixes } from "./fixes.ts"
import type { Terminal } from "./terminal.ts"

const plain: Terminal = { out: () => {}, note: () => {}, paint: (_style, text) => text, interactive: false }

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
