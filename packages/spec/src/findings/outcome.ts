import { entry } from "./entry.ts"

/** How an attempt or a run ended, and what was noticed on the way. */
export const outcomeFindings = {
  "exit.nonzero": entry<{ exitCode: number }>({
    severity: "error",
    class: "user",
    message: ({ exitCode }) => `The program ended with exit code ${exitCode}.`,
  }),
  "exit.out_of_memory": entry<{ limit?: string; peakBytes?: number }>({
    severity: "error",
    class: "resources",
    message: ({ limit }) =>
      limit === undefined
        ? "Killed for lack of memory (OOMKilled)."
        : `Killed at its memory limit of ${limit} (OOMKilled).`,
  }),
}
