import type { Terminal } from "./terminal.ts"

const frames = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"]
const clearLine = "\r\u001b[K"

/** One line that moves while something takes its time; nothing at all where nobody watches. */
export interface Spinner {
  /** What it says; undefined for nothing. */
  set(text: string | undefined): void
  /** Takes the line away, before something else is printed. It comes back by itself. */
  clear(): void
  end(): void
}

/** Creates a spinner; nothing of it is seen in the first half second. */
export function createSpinner({ interactive }: Terminal): Spinner {
  let text: string | undefined
  let shown = false
  let turn = 0
  const clear = () => {
    if (shown) process.stderr.write(clearLine)
    shown = false
  }
  const draw = () => {
    if (text === undefined) return clear()
    turn += 1
    shown = true
    process.stderr.write(`${clearLine}${frames[turn % frames.length]} ${text}`)
  }
  const timer = interactive ? setInterval(draw, 500) : undefined
  timer?.unref()
  return {
    set: (next) => {
      text = next
    },
    clear,
    end() {
      clearInterval(timer)
      clear()
    },
  }
}

/** Shows a spinner while something is under way. */
export async function withSpinner<Result>(
  { terminal }: { readonly terminal: Terminal },
  text: string,
  work: () => Promise<Result>,
): Promise<Result> {
  const spinner = createSpinner(terminal)
  spinner.set(`${text} …`)
  try {
    return await work()
  } finally {
    spinner.end()
  }
}
