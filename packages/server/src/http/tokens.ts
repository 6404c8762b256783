import { randomBytes } from "node:crypto"
import { BerthError, type TokenEntity } from "@berth/spec"
import type { TokenRow } from "../store/store.ts"
import type { Principal } from "./auth.ts"
import type { AppDeps } from "./deps.ts"
import { notFound } from "./envelope.ts"
import type { Handlers } from "./handlers.ts"
import { hashToken } from "./tokens-file.ts"

type TokenHandlers = Pick<Handlers, "listTokens" | "createToken" | "deleteToken">

/** Personal tokens: never more than their owner, or the token that made them, may; only their hash is kept. */
export function tokenHandlers(deps: AppDeps): TokenHandlers {
  const { principals } = deps.store
  return {
    listTokens: async ({ principal }) => (await principals.tokens(principal.name)).map(toToken),
    async createToken({ body, principal }) {
      const reached = principal.projects
      const beyond = reached === "all" ? [] : (body.projects ?? []).filter((project) => !reached.includes(project))
      if (beyond.length > 0) {
        throw new BerthError("forbidden", `${principal.name} has no access to ${beyond.join(", ")}.`)
      }
      const projects = body.projects ?? (reached === "all" ? undefined : reached)
      const expires = endOf(body.expires, principal)
      const token = `berth_${randomBytes(32).toString("base64url")}`
      const row: TokenRow = {
        id: deps.newId(),
        user: principal.name,
        name: body.name,
        hash: hashToken(token),
        role: principal.role,
        ...(projects !== undefined && { projects }),
        created: deps.now().toISOString(),
        ...(expires !== undefined && { expires }),
      }
      await principals.insertToken(row)
      return { ...toToken(row), token }
    },
    async deleteToken({ params, principal }) {
      if (!(await principals.removeToken(principal.name, params.id))) throw notFound("token", params.id)
    },
  }
}

/** What a token that ends makes ends with it, at the latest. */
function endOf(asked: string | undefined, { expires: last, name }: Principal): string | undefined {
  if (asked === undefined) return last
  const expires = new Date(asked).toISOString()
  if (last === undefined || expires <= last) return expires
  throw new BerthError(
    "forbidden",
    `The token of ${name} that asks ends at ${last}: what it makes cannot end later, at ${expires}.`,
  )
}

function toToken({ hash: _hash, ...token }: TokenRow): TokenEntity {
  return token
}
