import { entry } from "./entry.ts"

/** What can be wrong with, or was changed in, a single field of a spec. */
export const fieldFindings = {
  "field.unknown": entry<{ key: string; suggestion?: string }>({
    severity: "error",
    class: "user",
    message: ({ key, suggestion }) =>
      suggestion === undefined
        ? `Unknown key ${JSON.stringify(key)}.`
        : `Unknown key ${JSON.stringify(key)}. Did you mean ${suggestion}?`,
  }),
  "historic.alias": entry<{ used: string; canonical: string }>({
    severity: "warning",
    class: "user",
    message: ({ used, canonical }) => `${used} is read as ${canonical}.`,
  }),
}
