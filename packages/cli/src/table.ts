import { stripVTControlCharacters } from "node:util"

/** A column of a table: what stands above it and what it shows of a row. */
export interface Column<Row> {
  readonly title: string
  /** May hold colours; they do not count as width. */
  cell(row: Row): string
}

/** Rows in columns as wide as their content, two spaces apart, without trailing blanks. */
export function formatTable<Row>(rows: readonly Row[], columns: readonly Column<Row>[]): string {
  const lines = [columns.map((column) => column.title), ...rows.map((row) => columns.map((column) => column.cell(row)))]
  return alignColumns(lines.map((cells) => cells))
}

/** Lines of cells, aligned to the left. */
export function alignColumns(lines: readonly (readonly string[])[]): string {
  const widths: number[] = []
  for (const cells of lines) {
    for (const [i, cell] of cells.entries()) widths[i] = Math.max(widths[i] ?? 0, width(cell))
  }
  return lines
    .map((cells) =>
      cells
        .map((cell, i) => pad(cell, widths[i] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n")
}

function pad(cell: string, target: number): string {
  return cell + " ".repeat(Math.max(0, target - width(cell)))
}

function width(text: string): number {
  return stripVTControlCharacters(text).length
}
