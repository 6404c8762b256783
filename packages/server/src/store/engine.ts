import type { Kysely } from "kysely"
import type { Columns } from "./migrations/migration.ts"
import type { Tables } from "./tables.ts"

/** A database of one of the two engines, open. */
export interface Engine {
  readonly name: "sqlite" | "postgres"
  /** For reading; what writes goes through `transact`. */
  readonly database: Kysely<Tables>
  readonly columns: Columns
  /**
   * Runs a body in a transaction and resolves once it is on disk. The body may run more than once (another writer was
   * in the way), so it touches nothing but the database it is given.
   */
  transact<Result>(body: Body<Result>): Promise<Result>
  close(): Promise<void>
}

export type Body<Result> = (database: Kysely<Tables>) => Promise<Result>
