import type { GlobalOptions } from "./session.ts"
import { createTerminal, type Terminal } from "./terminal.ts"

/** How a command prints its result: for people, or whole for programs. */
export type OutputFormat = "text" | "json" | "yaml"

/** The terminal and the format that a command line asks for. */
export function toOutput(options: GlobalOptions): { readonly terminal: Terminal; readonly format: OutputFormat } {
  return { terminal: createTerminal(), format: options.json === true ? "json" : (options.output ?? "text") }
}

/** Prints a result as JSON or YAML, or calls back for the text. */
export async function printResult(
  result: unknown,
  output: { readonly format: OutputFormat; readonly terminal: Terminal },
  text: () => string,
): Promise<void> {
  const { format, terminal } = output
  if (format === "json") terminal.out(JSON.stringify(result, null, 2))
  else if (format === "yaml") terminal.out((await import("./yaml-text.ts")).toYaml(result))
  else terminal.out(text())
}
