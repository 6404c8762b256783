import { styleText } from "node:util"

type Style = Parameters<typeof styleText>[0]

/** Where a command writes, and what the other end is. */
export interface Terminal {
  /** Results: what a pipe or `--json` reads. */
  out(text: string): void
  /** Progress and remarks: never part of a result. */
  note(text: string): void
  /** Colours only where someone can see them. */
  paint(style: Style, text: string): string
  /** Whether remarks go to a terminal, so that a line may be rewritten. */
  readonly interactive: boolean
}

/** The process's own streams. `NO_COLOR` and pipes get plain text. */
export function createTerminal(): Terminal {
  const colours = process.stdout.isTTY === true && process.env.NO_COLOR === undefined
  return {
    out: (text) => void process.stdout.write(text.endsWith("\n") ? text : `${text}\n`),
    note: (text) => void process.stderr.write(text.endsWith("\n") ? text : `${text}\n`),
    paint: (style, text) => (colours ? styleText(style, text, { validateStream: false }) : text),
    interactive: process.stderr.isTTY === true,
  }
}
