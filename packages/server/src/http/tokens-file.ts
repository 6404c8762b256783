import { createHash } from "node:crypto"
import { readFile, stat } from "node:fs/promises"
import { BerthError } from "@berth/spec"
import * as z from "zod"

/** A token of the tokens file. */
export interface FileToken {
  /** The user's name. */
  readonly name: string
  readonly role: "admin" | "user"
  /** Projects it reaches; absent or `*`: all of them. */
  readonly projects?: readonly string[]
  /** SHA-256 of the token, hexadecimal. */
  readonly hash: string
}

const tokensSchema: z.ZodType<readonly FileToken[]> = z.array(
  z.strictObject({
    name: z.string().min(1).max(255),
    role: z.enum(["admin", "user"]),
    projects: z.array(z.string()).exactOptional(),
    hash: z.string().regex(/^[0-9a-f]{64}$/, "a SHA-256 in lower-case hexadecimal digits"),
  }),
)

/** What is kept of a token: it has 256 random bits, so that a plain hash is enough. */
export function hashToken(token: string): string {
  return createHash("sha256").update(token).digest("hex")
}

/**
 * Reads a tokens file: a JSON list of {@link FileToken}. Nobody but its owner may read it.
 *
 * @throws BerthError `invalid` when it is readable by others or does not parse
 */
export async function readTokensFile(path: string): Promise<readonly FileToken[]> {
  const { mode } = await stat(path)
  if ((mode & 0o077) !== 0) {
    throw new BerthError(
      "invalid",
      `The tokens file ${path} can be read by others (mode ${(mode & 0o777).toString(8)}). Run chmod 600 on it.`,
    )
  }
  return parseTokens(await readFile(path, "utf8"), path)
}

function parseTokens(text: string, path: string): readonly FileToken[] {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch (cause) {
    throw new BerthError("invalid", `The tokens file ${path} is no JSON.`, { cause })
  }
  const parsed = tokensSchema.safeParse(json)
  if (parsed.success) return parsed.data
  const problems = parsed.error.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`)
  throw new BerthError("invalid", `The tokens file ${path} is no list of tokens. ${problems.join("; ")}`)
}

const loopbackNames = new Set(["localhost", "::1", "[::1]"])

/** Whether only this machine reaches an address. */
export function isLoopback(host: string): boolean {
  return loopbackNames.has(host) || /^127(\.\d{1,3}){3}$/.test(host)
}

/**
 * Whether the server may listen there: without tokens it is open to whoever reaches it.
 *
 * @throws BerthError `invalid` for an address beyond loopback without tokens
 */
export function checkListen(host: string, tokens: readonly FileToken[]): void {
  if (tokens.length > 0 || isLoopback(host)) return
  throw new BerthError(
    "invalid",
    `Refusing to listen on ${host} without tokens: everyone who reaches it could run programs here. ` +
      "Name a tokens file with BERTH_TOKENS_FILE, or listen on 127.0.0.1.",
  )
}
