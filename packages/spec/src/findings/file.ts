import { entry } from "./entry.ts"

/** What can be wrong with a file before anything in it is read as a request. */
export const fileFindings = {
  "file.syntax": entry<{ line: number; column: number; detail: string }>({
    severity: "error",
    class: "user",
    message: ({ line, column, detail }) => `Not YAML at line ${line}, column ${column}: ${detail}`,
    hint: ({ detail }) => (/tab/i.test(detail) ? "Indent with spaces." : undefined),
  }),
  "file.shape": entry<{ detail: string }>({
    severity: "error",
    class: "user",
    message: ({ detail }) => `The file is not as a function file must be: ${detail}.`,
  }),
  "file.action": entry<{ action: string; actions: readonly string[]; suggestion?: string }>({
    severity: "error",
    class: "user",
    message: ({ action, actions, suggestion }) =>
      `${JSON.stringify(action)} is nothing that can be done with a function. ${
        suggestion === undefined ? "" : `Did you mean ${suggestion}? `
      }There are ${actions.join(", ")}.`,
  }),
  "file.kind": entry<{ kind: string; kinds: readonly string[]; suggestion?: string }>({
    severity: "error",
    class: "user",
    message: ({ kind, kinds, suggestion }) =>
      kind === ""
        ? `A function needs a kind: ${kinds.join(", ")}.`
        : `${JSON.stringify(kind)} is no kind of function. ${
            suggestion === undefined ? "" : `Did you mean ${suggestion}? `
          }There are ${kinds.join(", ")}.`,
  }),
}
