import { createSpinner } from "./spinner.ts"
import type { Terminal } from "./terminal.ts"

/** Remarks and log lines, one after another, with a spinner under them. */
export interface Screen {
  print(text: string): void
  /** A log line, or a piece of one that goes on where the last piece ended. Gives the line so far. */
  log(text: string): string
  /** What the spinner says; undefined for nothing. */
  wait(text: string | undefined): void
  end(): void
}

export function createScreen(terminal: Terminal): Screen {
  const spinner = createSpinner(terminal)
  /** What was written of a line that has not ended. */
  let open = ""
  const endLine = () => {
    spinner.clear()
    if (open !== "") terminal.write("\n")
    open = ""
  }
  return {
    print(text) {
      endLine()
      terminal.note(text)
    },
    log(text) {
      spinner.clear()
      terminal.write(open === "" ? `${terminal.paint("dim", "│")} ${text}` : text)
      const line = `${open}${text}`
      open = text.endsWith("\n") ? "" : line
      return line
    },
    wait: (text) => spinner.set(text),
    end() {
      endLine()
      spinner.end()
    },
  }
}
