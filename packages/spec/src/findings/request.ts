import { formatBytes } from "../bytes.ts"
import { entry } from "./entry.ts"

/** What can be wrong with a request as a whole: envelope, references, policy, limits. */
export const requestFindings = {
  "policy.denied": entry<{ field: string; rule: string }>({
    severity: "error",
    class: "policy",
    message: ({ field, rule }) => `${field} is not allowed here by the rule ${rule}.`,
    hint: () => "An administrator of this server can change the rule.",
  }),
  "code.unreadable": entry<{ reason: string }>({
    severity: "error",
    class: "user",
    message: ({ reason }) => `The code cannot be unpacked. ${reason}`,
    hint: () => "Send one file, or a folder as a tar.gz of plain files, as base64.",
  }),
  "code.too_large": entry<{ bytes: number; limitBytes: number }>({
    severity: "error",
    class: "user",
    message: ({ bytes, limitBytes }) =>
      `The code is ${formatBytes(bytes)} packed; at most ${formatBytes(limitBytes)} can travel with a function.`,
    hint: () => "Leave data and builds out with a .gitignore, or mount them as a volume.",
  }),
}
