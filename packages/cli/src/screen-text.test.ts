import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { seed } from "../../../scripts/seed.ts"
import { toScreenText } from "./screen-text.ts"
import { createTerminal } from "./terminal.ts"

const esc = "\u001b"

it.each([
  ["a title", `a${esc}]0;owned\u0007b`, "ab"],
  ["a link", `${esc}]8;;http://evil${esc}\\text${esc}]8;;${esc}\\`, "text"],
  ["the clipboard, in 8-bit controls", "a\u009d52;c;eA==\u009cb", "ab"],
  ["a device string", `a${esc}P1$r0m${esc}\\b`, "ab"],
  ["a string without an end, which hides no line", `${esc}]0;a\nb`, "0;a\nb"],
  ["cursor movement", `a${esc}[2J${esc}[1;1Hb${esc}[?25lc\u009b3Ad`, "abcd"],
  ["a reset and a character set", `a${esc}cb${esc}(0c`, "abc"],
  ["carriage returns, bells, backspaces", "rm\b\bls\r\n\u0007\u007f", "rmls\n"],
  ["a colour inside a broken sequence", `${esc}${esc}[31mred`, `${esc}[31mred`],
  ["nothing of tabs, lines and colours", `a\tb\n${esc}[1;38;5;9mé…${esc}[0m`, `a\tb\n${esc}[1;38;5;9mé…${esc}[0m`],
])("takes out %s", (_what, text, shown) => {
  expect(toScreenText(text)).toBe(shown)
})

it("leaves no control but tab, line feed and colours", () => {
  const piece = fc.constantFrom(esc, "[", "]", "\u009b", "\u0007", "3", ";", "m", "H", "\\", "P", "\r", "x", "\n", "\0")
  fc.assert(
    fc.property(fc.string({ unit: piece }), (text) => {
      const rest = toScreenText(text).replaceAll(new RegExp(`${esc}\\[[\\d;:]*m`, "g"), "")
      expect([...rest].filter((each) => /\p{Cc}/u.test(each) && each !== "\n")).toEqual([])
      expect(toScreenText(toScreenText(text))).toBe(toScreenText(text))
    }),
    { seed },
  )
})

describe("what is printed", () => {
  const print = (isTTY: boolean) => {
    const written: string[] = []
    const stream = { isTTY, columns: 80, write: (text: string) => written.push(text) > 0 }
    const terminal = createTerminal({ stdout: stream, stderr: stream })
    for (const say of [terminal.out, terminal.note, terminal.write]) say(`a${esc}[2J\r`)
    return written.join("")
  }

  it("loses its controls on a terminal", () => expect(print(true)).toBe("a\na\na"))

  it("is as it was in a pipe", () => {
    const text = `a${esc}[2J\r`
    expect(print(false)).toBe(`${text}\n${text}\n${text}`)
  })
})
