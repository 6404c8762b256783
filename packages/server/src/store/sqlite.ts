import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite"
import { Kysely, type SqliteDatabase, SqliteDialect, type SqliteStatement } from "kysely"
import type { Engine } from "./engine.ts"
import { createGroupCommit } from "./group-commit.ts"
import { toStorable } from "./storable.ts"
import type { Tables } from "./tables.ts"

/** Statements kept prepared; lists with many filters make many texts. */
const maxStatements = 256

/** Opens a SQLite file: every commit is on disk when it is acknowledged. `trace` sees the text of each statement. */
export function openSqlite(path: string, trace?: (text: string) => void): Engine {
  const file = new DatabaseSync(path, { timeout: 250, enableForeignKeyConstraints: true })
  file.exec("pragma journal_mode = wal; pragma synchronous = full; pragma journal_size_limit = 67108864")
  const database = new Kysely<Tables>({
    dialect: new SqliteDialect({ database: adapt(file) }),
    ...(trace && { log: (event) => trace(event.query.sql) }),
  })
  return {
    name: "sqlite",
    database,
    columns: {
      text: "text",
      integer: "integer",
      bytes: "blob",
      ordinal: "integer primary key autoincrement",
    },
    transact: createGroupCommit(database, "begin immediate"),
    close: () => database.destroy(),
  }
}

/** What Kysely's dialect asks of a driver, by `node:sqlite`. */
function adapt(file: DatabaseSync): SqliteDatabase {
  const statements = new Map<string, SqliteStatement>()
  return {
    prepare(sql) {
      const known = statements.get(sql)
      if (known !== undefined) return known
      const [oldest] = statements.size < maxStatements ? [] : statements.keys()
      if (oldest !== undefined) statements.delete(oldest)
      const statement = adaptStatement(file.prepare(sql))
      statements.set(sql, statement)
      return statement
    },
    close() {
      statements.clear()
      file.close()
    },
  }
}

function adaptStatement(statement: StatementSync): SqliteStatement {
  return {
    reader: statement.columns().length > 0,
    all: (parameters) => statement.all(...toValues(parameters)),
    run: (parameters) => statement.run(...toValues(parameters)),
    iterate: (parameters) => statement.iterate(...toValues(parameters)),
  }
}

function toValues(parameters: readonly unknown[]): SQLInputValue[] {
  return parameters.map((value) => toStorable(value) as SQLInputValue)
}
