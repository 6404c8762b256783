import { type Finding, formatPath, type Severity } from "@berth/spec"
import type { SourceText } from "./document.ts"
import { describeFix, type NumberedFinding } from "./fixes.ts"
import { type Position, positionOf } from "./position.ts"
import { alignColumns, lastRoom, wrapColumns } from "./table.ts"
import type { Terminal } from "./terminal.ts"

/** Where the findings' paths start in a file: at the document's root, or under `run`. */
export interface Place {
  readonly source: SourceText
  readonly root: readonly (string | number)[]
}

const colour = { error: "red", warning: "yellow", notice: "cyan" } as const satisfies Record<Severity, string>

/** Less than this beside the places makes a message a column of words: then it goes below them. */
const leastMessage = 44

/**
 * Findings as people read them: severity, `file:line:column` where there is a file, the user's own path, what is the
 * matter and what to do, and the number of the fix.
 */
export function formatFindings(findings: readonly NumberedFinding[], terminal: Terminal, place?: Place): string {
  const told = findings.map((each) => ({
    head: ["", ...headCells(each.finding, terminal, place)],
    lines: textLines(each, terminal),
  }))
  const heads = told.map(({ head }) => [...head, ""])
  if (lastRoom(heads, terminal) < leastMessage || isCrowded(heads, terminal)) {
    return told.map(({ head, lines }) => `${alignColumns([head])}\n${indent(lines, terminal)}`).join("\n")
  }
  const rows = told.flatMap(({ head, lines }) => {
    const blank = head.map(() => "")
    return lines.map((line, i) => [...(i === 0 ? head : blank), line])
  })
  return wrapColumns(withoutEmptyColumns(rows), terminal)
}

function isCrowded(heads: readonly (readonly string[])[], { width }: Terminal): boolean {
  return width !== undefined && lastRoom(heads, { width }) === Number.POSITIVE_INFINITY
}

const deeper = ["", "", ""]

function indent(lines: readonly string[], terminal: Terminal): string {
  return wrapColumns(
    lines.map((line) => [...deeper, line]),
    terminal,
  )
}

function headCells(finding: Finding, terminal: Terminal, place: Place | undefined): readonly string[] {
  const head = terminal.paint(colour[finding.severity], finding.severity)
  const layer = layerOf(finding)
  const path = `${formatPath(finding.path ?? [])}${layer === undefined ? "" : ` (${layer})`}`
  return [head, ...(place === undefined ? [] : [positionText(finding, place)]), path.trim()]
}

/** The layer that set what the finding is about, when it is not the run's own request. */
function layerOf({ data }: Finding): string | undefined {
  const { layer } = data as { readonly layer?: unknown }
  return typeof layer === "string" && layer !== "run" ? layer : undefined
}

/** Without the columns, but the first, that no row has anything in. */
function withoutEmptyColumns(rows: readonly (readonly string[])[]): readonly (readonly string[])[] {
  return rows.map((row) => row.filter((_cell, i) => i === 0 || rows.some((other) => other[i] !== "")))
}

/** Message, hint and evidence; the fix stands behind what is said, not behind what is quoted. */
function textLines({ finding, number }: NumberedFinding, terminal: Terminal): readonly string[] {
  const said = [finding.message, ...(finding.hint === undefined ? [] : [finding.hint])]
  const fix =
    number === undefined ? "" : `   ${terminal.paint("bold", `fix ${number}: ${describeFix(finding.fix ?? [])}`)}`
  return [...said.slice(0, -1), `${said.at(-1)}${fix}`, ...quote(finding.evidence ?? [])]
}

function quote(evidence: readonly string[]): readonly string[] {
  return evidence.flatMap((text) =>
    text
      .trimEnd()
      .split("\n")
      .map((line) => `│ ${line}`),
  )
}

/** Empty for what stands nowhere in the file: an end of the program, what a profile or a project set. */
function positionText(finding: Finding, place: Place): string {
  const { file } = place.source
  if (!isPlaced(finding, place)) return finding.code.startsWith("file.") ? file : ""
  const { line, column } = findingPosition(finding, place)
  return `${file}:${line}:${column}`
}

function isPlaced(finding: Finding, { source }: Place): boolean {
  if (finding.code === "file.syntax") return true
  const [first] = finding.path ?? []
  if (first === undefined) return false
  const layer = layerOf(finding)
  return layer === undefined || (layer === "function" && source.yaml.has(first))
}

const weight = { error: 0, warning: 1, notice: 2 } as const satisfies Record<Severity, number>

/** Errors first, then in the order of the file; without a file as they came. The same wherever fixes are numbered. */
export function orderFindings(findings: readonly Finding[], place: Place | undefined): readonly Finding[] {
  const rows = findings.map((finding) => ({
    finding,
    position: place === undefined || !isPlaced(finding, place) ? undefined : findingPosition(finding, place),
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
  // A function's own members stand at the top of its document.
  const from = layerOf(finding) === "function" ? [] : root
  return positionOf(source, [...from, ...(finding.path ?? [])], at)
}
