import { styleText } from "node:util"
import { describe, expect, it } from "vitest"
import { alignColumns, formatTable, widthOf, wrapColumns } from "./table.ts"

describe("a table", () => {
  it("has columns as wide as their content and no trailing blanks", () => {
    const rows = [
      { name: "a", state: "RUNNING" },
      { name: "long-name", state: "" },
    ]
    const columns = [
      { title: "NAME", cell: (row: (typeof rows)[number]) => row.name },
      { title: "STATE", cell: (row: (typeof rows)[number]) => row.state },
    ]
    expect(formatTable(rows, columns)).toBe("NAME       STATE\na          RUNNING\nlong-name")
  })

  it("does not count colours as width", () => {
    const red = styleText("red", "x", { validateStream: false })
    expect(
      alignColumns([
        [red, "1"],
        ["yy", "2"],
      ]),
    ).toBe(`${red}   1\nyy  2`)
  })

  it("breaks its last column between words where the terminal ends, and keeps quotes behind their bar", () => {
    const text = wrapColumns(
      [
        ["error", "first words that are too many for one line"],
        ["", "│ quoted words that are too many for one line"],
      ],
      { width: 34 },
    )
    expect(text).toBe(
      [
        "error  first words that are too",
        "       many for one line",
        "       │ quoted words that are too",
        "       │ many for one line",
      ].join("\n"),
    )
    expect(wrapColumns([["a", "x ".repeat(200).trim()]], {}).split("\n")).toHaveLength(1)
  })

  it("keeps one line a row: what is too long for the terminal is cut off", () => {
    const columns = [
      { title: "RUN", cell: (row: string) => row },
      { title: "WHY", cell: () => "because of very many words".repeat(9) },
    ]
    const lines = formatTable(["a", "b"], columns, { width: 60 }).split("\n")
    expect(lines).toHaveLength(3)
    expect(lines.map(widthOf).every((width) => width <= 60)).toBe(true)
    expect(lines[1]).toMatch(/…$/)
  })
})
