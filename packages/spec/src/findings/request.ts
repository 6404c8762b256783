import { entry } from "./entry.ts"

/** What can be wrong with a request as a whole: envelope, references, policy, limits. */
export const requestFindings = {
  "policy.denied": entry<{ field: string; rule: string }>({
    severity: "error",
    class: "policy",
    message: ({ field, rule }) => `${field} is not allowed here by the rule ${rule}.`,
    hint: () => "An administrator of this server can change the rule.",
  }),
}
