import { stripVTControlCharacters } from "node:util"

/** A column of a table: what stands above it and what it shows of a row. */
export interface Column<Row> {
  readonly title: string
  /** May hold colours; they do not count as width. */
  cell(row: Row): string
}

/** How a table is fitted into a terminal. */
export interface Fit {
  /** Columns of the terminal; undefined where nobody watches, and lines may be as long as they are. */
  readonly width?: number | undefined
}

/**
 * Rows in columns as wide as their content, two spaces apart, without trailing blanks. What does not fit into the
 * terminal is cut off the last column, so that every row stays one line.
 */
export function formatTable<Row>(rows: readonly Row[], columns: readonly Column<Row>[], fit: Fit = {}): string {
  const lines = [columns.map((column) => column.title), ...rows.map((row) => columns.map((column) => column.cell(row)))]
  const room = lastRoom(lines, fit)
  return alignColumns(lines.map((cells) => [...cells.slice(0, -1), cutOff(cells.at(-1) ?? "", room)]))
}

/** Lines of cells, aligned to the left. */
export function alignColumns(lines: readonly (readonly string[])[]): string {
  const widths = widthsOf(lines)
  return lines
    .map((cells) =>
      cells
        .map((cell, i) => pad(cell, widths[i] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n")
}

/** As {@link alignColumns}, with the last column broken between words where it would leave the terminal. */
export function wrapColumns(lines: readonly (readonly string[])[], fit: Fit): string {
  const room = lastRoom(lines, fit)
  return alignColumns(
    lines.flatMap((cells) => {
      const blank = cells.slice(0, -1).map(() => "")
      return wrapCell(cells.at(-1) ?? "", room).map((part, i) => [...(i === 0 ? cells.slice(0, -1) : blank), part])
    }),
  )
}

/** Below this a column is unreadable: then lines run over the edge rather than word by word. */
const leastRoom = 24

/** What the columns before the last leave of the terminal. */
export function lastRoom(lines: readonly (readonly string[])[], { width }: Fit): number {
  if (width === undefined) return Number.POSITIVE_INFINITY
  const before = widthsOf(lines.map((cells) => cells.slice(0, -1)))
  const room = before.reduce((rest, column) => rest - column - 2, width)
  return room < leastRoom ? Number.POSITIVE_INFINITY : room
}

const bar = "│ "

/** What is quoted behind a bar stays behind it. */
function wrapCell(text: string, room: number): readonly string[] {
  if (!text.startsWith(bar)) return wrapWords(text, room)
  return wrapWords(text.slice(bar.length), room - bar.length).map((line) => bar + line)
}

/** A text in lines of so many columns at most, broken between words; a longer word stays whole. */
export function wrapWords(text: string, room: number): readonly string[] {
  if (widthOf(text) <= room) return [text]
  const lines: string[] = []
  let line = ""
  for (const word of text.split(" ")) {
    const longer = line === "" ? word : `${line} ${word}`
    if (line !== "" && widthOf(longer) > room) {
      lines.push(line)
      line = word
    } else line = longer
  }
  return [...lines, line]
}

function cutOff(text: string, room: number): string {
  if (widthOf(text) <= room) return text
  return `${stripVTControlCharacters(text)
    .slice(0, room - 1)
    .trimEnd()}…`
}

function widthsOf(lines: readonly (readonly string[])[]): readonly number[] {
  const widths: number[] = []
  for (const cells of lines) {
    for (const [i, cell] of cells.entries()) widths[i] = Math.max(widths[i] ?? 0, widthOf(cell))
  }
  return widths
}

function pad(cell: string, target: number): string {
  return cell + " ".repeat(Math.max(0, target - widthOf(cell)))
}

/** Columns that a text takes; colours take none. */
export function widthOf(text: string): number {
  return stripVTControlCharacters(text).length
}
