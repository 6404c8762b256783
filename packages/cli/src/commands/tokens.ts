import { createHash, randomBytes } from "node:crypto"
import { BerthError } from "@berth/spec"
import { printResult, toOutput } from "../output.ts"
import type { GlobalOptions } from "../session.ts"

export interface NewTokenOptions {
  readonly name: string
  readonly role: "admin" | "user"
  readonly projects?: readonly string[]
}

/**
 * `berth token new`: a fresh token for a user, and the entry that lets it in. Only its hash is kept: the entry
 * belongs in the list of the file (mode 0600) that BERTH_TOKENS_FILE names.
 */
export async function newToken(options: NewTokenOptions, globals: GlobalOptions): Promise<void> {
  const { name, role, projects } = options
  if (name === "" || name.length > 255) throw new BerthError("invalid", "A name has 1 to 255 characters.")
  const token = randomBytes(32).toString("hex")
  const hash = createHash("sha256").update(token).digest("hex")
  const entry = { name, role, ...(projects !== undefined && { projects }), hash }
  await printResult({ token, entry }, toOutput(globals), () =>
    [
      `token  ${token}`,
      `entry  ${JSON.stringify(entry)}`,
      "",
      "Give the token to its user, it cannot be shown again. Add the entry to the list in the file (mode 0600) that",
      "BERTH_TOKENS_FILE names, and start the server anew.",
    ].join("\n"),
  )
}
