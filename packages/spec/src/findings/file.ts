import { entry } from "./entry.ts"

/** What can be wrong with a file before anything in it is read as a request. */
export const fileFindings = {
  "file.syntax": entry<{ line: number; column: number; detail: string }>({
    severity: "error",
    class: "user",
    message: ({ line, column, detail }) => `Not YAML at line ${line}, column ${column}: ${detail}`,
  }),
  "file.shape": entry<{ detail: string }>({
    severity: "error",
    class: "user",
    message: ({ detail }) => `The file is not as a function file must be: ${detail}.`,
  }),
  "file.kind": entry<{ kind: string; kinds: readonly string[] }>({
    severity: "error",
    class: "user",
    message: ({ kind, kinds }) =>
      kind === ""
        ? `A function needs a kind: ${kinds.join(", ")}.`
        : `${JSON.stringify(kind)} is no kind of function. There are ${kinds.join(", ")}.`,
  }),
}
