import { styleText } from "node:util"
import { describe, expect, it } from "vitest"
import { alignColumns, formatTable } from "./table.ts"

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
})
