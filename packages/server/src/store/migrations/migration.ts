import type { Kysely } from "kysely"
import type { Tables } from "../tables.ts"

/** How one engine names the column types of {@link Migration}s. */
export interface Columns {
  /** Text that sorts by code point. */
  readonly text: string
  /** 53 bits at least. */
  readonly integer: string
  readonly bytes: string
  /** Primary key that counts up and never comes back. */
  readonly ordinal: string
}

/** One step forward, in a transaction of its own. */
export interface Migration {
  readonly version: number
  readonly name: string
  up(database: Kysely<Tables>, columns: Columns): Promise<void>
}
