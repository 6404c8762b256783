import { expect, it } from "vitest"
import { createScreen } from "./screen.ts"

function record() {
  let written = ""
  const screen = createScreen({
    out: () => {},
    note: (text) => (written += `${text}\n`),
    write: (text) => (written += text),
    paint: (_style, text) => text,
    interactive: false,
  })
  return { screen, written: () => written }
}

it("puts the pieces of a line behind each other", () => {
  const { screen, written } = record()
  screen.log("hello from a ConfigMa")
  expect(screen.log("p\n")).toBe("hello from a ConfigMap\n")
  screen.log("next\n")
  expect(written()).toBe("│ hello from a ConfigMap\n│ next\n")
})

it("ends a line that never ended before it says something else", () => {
  const { screen, written } = record()
  screen.log("Loading ...")
  screen.print("  COMPLETED")
  screen.log("rest")
  screen.end()
  expect(written()).toBe("│ Loading ...\n  COMPLETED\n│ rest\n")
})
