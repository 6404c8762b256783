import type { Engine } from "./engine.ts"
import { optional, optionalJson, toOptionalText } from "./json-text.ts"
import type { PrincipalStore, ShareRow, TokenRow } from "./store.ts"
import type { RowOf } from "./tables.ts"

/** Personal tokens, by their hash alone, and whom a project is shared with. */
export function createPrincipals({ database, transact }: Engine): PrincipalStore {
  return {
    async insertToken(row) {
      await transact((transaction) => transaction.insertInto("tokens").values(fromToken(row)).execute())
    },
    async tokenByHash(hash) {
      const row = await database.selectFrom("tokens").selectAll().where("hash", "=", hash).executeTakeFirst()
      return row && toToken(row)
    },
    async tokens(user) {
      const rows = await database
        .selectFrom("tokens")
        .selectAll()
        .where("user", "=", user)
        .orderBy("created")
        .orderBy("id")
        .execute()
      return rows.map(toToken)
    },
    async removeToken(user, id) {
      const { numDeletedRows } = await transact((transaction) =>
        transaction.deleteFrom("tokens").where("user", "=", user).where("id", "=", id).executeTakeFirstOrThrow(),
      )
      return numDeletedRows === 1n
    },
    async share(row) {
      await transact((transaction) => transaction.insertInto("shares").values(toShare(row)).execute())
    },
    async shares(project) {
      const rows = await database
        .selectFrom("shares")
        .selectAll()
        .where("project", "=", project)
        .orderBy("created")
        .orderBy("id")
        .execute()
      return rows.map(toShare)
    },
    async sharedWith(user) {
      const rows = await database
        .selectFrom("shares")
        .select("project")
        .distinct()
        .where("user", "in", [user, "*"])
        .orderBy("project")
        .execute()
      return rows.map((row) => row.project)
    },
    async removeShare(project, id) {
      const { numDeletedRows } = await transact((transaction) =>
        transaction.deleteFrom("shares").where("project", "=", project).where("id", "=", id).executeTakeFirstOrThrow(),
      )
      return numDeletedRows === 1n
    },
  }
}

function fromToken(row: TokenRow): RowOf<"tokens"> {
  return {
    id: row.id,
    user: row.user,
    name: row.name,
    hash: row.hash,
    role: row.role,
    projects_json: toOptionalText(row.projects),
    created: row.created,
    expires: row.expires ?? null,
  }
}

function toToken(row: RowOf<"tokens">): TokenRow {
  return {
    id: row.id,
    user: row.user,
    name: row.name,
    hash: row.hash,
    role: row.role,
    ...optionalJson<"projects", readonly string[]>("projects", row.projects_json),
    created: row.created,
    ...optional("expires", row.expires),
  }
}

function toShare({ id, project, owner, user, created }: ShareRow): RowOf<"shares"> {
  return { id, project, owner, user, created }
}
