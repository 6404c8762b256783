import { styleText } from "node:util"
import { toScreenText } from "./screen-text.ts"

type Style = Parameters<typeof styleText>[0]

/** Where a command writes, and what the other end is. */
export interface Terminal {
  /** Results: what a pipe or `--json` reads. */
  out(text: string): void
  /** Progress and remarks: never part of a result. */
  note(text: string): void
  /** The same, without ending the line. */
  write(text: string): void
  /** Colours only where someone can see them: neither stream goes to a pipe or a file. */
  paint(style: Style, text: string): string
  /** Whether remarks go to a terminal, so that a line may be rewritten. */
  readonly interactive: boolean
  /** Columns of the terminal; absent for pipes and files, whose lines may be as long as they are. */
  readonly width?: number
}

interface Stream {
  readonly isTTY?: boolean
  readonly columns?: number
  write(text: string): boolean
}

/**
 * The process's own streams. `NO_COLOR` and pipes get plain text. What goes to a terminal controls nothing of it but
 * colours, whoever wrote it; what goes to a pipe is as it was.
 */
export function createTerminal({
  stdout,
  stderr,
}: {
  readonly stdout: Stream
  readonly stderr: Stream
} = process): Terminal {
  const watched = stdout.isTTY === true && stderr.isTTY === true
  const colours = watched && process.env.NO_COLOR === undefined && process.env.TERM !== "dumb"
  const width = stdout.isTTY === true ? stdout.columns : stderr.columns
  return {
    out: (text) => void (text !== "" && writeTo(stdout, text.endsWith("\n") ? text : `${text}\n`)),
    note: (text) => writeTo(stderr, `${text}\n`),
    write: (text) => writeTo(stderr, text),
    paint: (style, text) => (colours ? styleText(style, text, { validateStream: false }) : text),
    interactive: stderr.isTTY === true,
    ...(width !== undefined && width > 0 && { width }),
  }
}

/** Text as this stream may have it. */
export function writeTo(stream: Stream, text: string): void {
  stream.write(stream.isTTY === true ? toScreenText(text) : text)
}
