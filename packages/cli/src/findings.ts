import { type Finding, formatPath, type Severity } from "@berth/spec"
import type { SourceText } from "./document.ts"
import { describeFix, type NumberedFinding } from "./fixes.ts"
import { type Position, positionOf } from "./position.ts"
import { alignColumns } from "./table.ts"
import type { Terminal } from "./terminal.ts"

/** Where the findings' paths start in a file: at the document's root, or under `run`. */
export interface Place {
  readonly source: SourceText
  readonly root: readonly (string | number)[]
}

const colour = { error: "red", warning: "yellow", notice: "cyan" } as const satisfies Record<Severity, string>

/**
 * Findings as people read them: severity, `file:line:column` where there is a file, the user's own path, what is the
 * matter and what to do, and the number of the fix.
 */
export function formatFindings(findings: readonly NumberedFinding[], terminal: Terminal, place?: Place): string {
  const rows = findings.flatMap(({ finding, number }) => {
    const head = terminal.paint(colour[finding.severity], finding.severity)
    const where = place === undefined ? [] : [positionText(finding, place)]
    const blank = place === undefined ? ["", ""] : ["", "", ""]
    const fix = number === undefined ? "" : terminal.paint("bold", `fix ${number}: ${describeFix(finding.fix ?? [])}`)
    const [first = "", ...rest] = textLines(finding)
    return [
      ["", head, ...where, formatPath(finding.path ?? []), fix === "" || rest.length > 0 ? first : `${first}   ${fix}`],
      ...rest.map((line, i) => ["", ...blank, i === rest.length - 1 && fix !== "" ? `${line}   ${fix}` : line]),
    ]
  })
  return alignColumns(rows)
}

function textLines(finding: Finding): string[] {
  const evidence =
    finding.evidence?.flatMap((text) =>
      text
        .trimEnd()
        .split("\n")
        .map((line) => `│ ${line}`),
    ) ?? []
  return [finding.message, ...(finding.hint === undefined ? [] : [finding.hint]), ...evidence]
}

function positionText(finding: Finding, { source, root }: Place): string {
  if (finding.path === undefined && finding.code !== "file.syntax") return source.file
  const { line, column } = findingPosition(finding, { source, root })
  return `${source.file}:${line}:${column}`
}

const weight = { error: 0, warning: 1, notice: 2 } as const satisfies Record<Severity, number>

/** Errors first, then in the order of the file; without a file as they came. The same wherever fixes are numbered. */
export function orderFindings(findings: readonly Finding[], place: Place | undefined): readonly Finding[] {
  const rows = findings.map((finding) => ({
    finding,
    position: place === undefined || finding.path === undefined ? undefined : findingPosition(finding, place),
  }))
  return rows
    .toSorted(
      (a, b) =>
        weight[a.finding.severity] - weight[b.finding.severity] ||
        (a.position?.line ?? 0) - (b.position?.line ?? 0) ||
        (a.position?.column ?? 0) - (b.position?.column ?? 0),
    )
    .map(({ finding }) => finding)
}

/** Where a finding stands; an unknown key stands at the key itself. */
export function findingPosition(finding: Finding, { source, root }: Place): Position {
  if (finding.code === "file.syntax") {
    const { line, column } = finding.data as { line: number; column: number }
    return { line, column }
  }
  const at = finding.code.startsWith("field.unknown") || finding.code === "historic.alias" ? "key" : "value"
  return positionOf(source, [...root, ...(finding.path ?? [])], at)
}
