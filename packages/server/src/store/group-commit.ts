import { BerthError } from "@berth/spec"
import { CompiledQuery, type Kysely } from "kysely"
import type { Body, Engine } from "./engine.ts"
import { toStoreError } from "./failure.ts"
import type { Tables } from "./tables.ts"

const maxGroup = 64
/** Someone else (a backup, a shell) holds the file: tried again this long after each refusal. */
const busyDelaysMs = [5, 10, 20, 40, 80, 160, 320, 640, 1280, 2560]

interface Waiting {
  run(database: Kysely<Tables>): Promise<void>
  resolve(): void
  reject(error: unknown): void
}

/**
 * One writer, and one fsync for everything that asked to write in the same turn of the event loop: each body runs in a
 * savepoint of its own, so that one that fails takes no other with it, and all are acknowledged by the one commit.
 */
export function createGroupCommit(database: Kysely<Tables>): Engine["transact"] {
  const queue: Waiting[] = []
  let busy = false

  async function drain(): Promise<void> {
    const group = queue.splice(0, maxGroup)
    try {
      await database.connection().execute((connection) => commitGroup(connection, group))
      for (const waiting of group) waiting.resolve()
    } catch (error) {
      for (const waiting of group) waiting.reject(toStoreError(error))
    }
    if (queue.length > 0) setImmediate(drain)
    else busy = false
  }

  return <Result>(body: Body<Result>) => {
    const { promise, resolve, reject } = Promise.withResolvers<Result>()
    queue.push(createWaiting(body, { resolve, reject }))
    if (!busy) {
      busy = true
      setImmediate(drain)
    }
    return promise
  }
}

function createWaiting<Result>(
  body: Body<Result>,
  { resolve, reject }: { resolve(result: Result): void; reject(error: unknown): void },
): Waiting {
  let outcome: () => void = () => reject(new BerthError("internal", "A write was acknowledged before it ran."))
  return {
    async run(database) {
      const result = await body(database)
      outcome = () => resolve(result)
    },
    resolve: () => outcome(),
    reject,
  }
}

async function commitGroup(connection: Kysely<Tables>, group: readonly Waiting[]): Promise<void> {
  await begin(connection)
  try {
    for (const waiting of group) await runInSavepoint(connection, waiting)
    await execute(connection, "commit")
  } catch (error) {
    await rollback(connection)
    throw error
  }
}

async function begin(connection: Kysely<Tables>): Promise<void> {
  for (const delay of busyDelaysMs) {
    try {
      return await execute(connection, "begin immediate")
    } catch (error) {
      if (!isBusy(error)) throw error
      await new Promise((resolve) => setTimeout(resolve, delay))
    }
  }
  throw new BerthError("unavailable", "The database file is locked by another program. End it, then try again.")
}

async function runInSavepoint(connection: Kysely<Tables>, waiting: Waiting): Promise<void> {
  await execute(connection, "savepoint body")
  try {
    await waiting.run(connection)
  } catch (error) {
    // Where SQLite itself has rolled back everything, the whole group failed.
    await execute(connection, "rollback to body").catch(() => {
      throw error
    })
    waiting.reject(toStoreError(error))
  }
  await execute(connection, "release body")
}

/** SQLite has already rolled back after some errors (disk full): then there is nothing left to roll back. */
async function rollback(connection: Kysely<Tables>): Promise<void> {
  try {
    await execute(connection, "rollback")
  } catch (error) {
    if (!String(error).includes("no transaction is active")) throw error
  }
}

async function execute(connection: Kysely<Tables>, command: string): Promise<void> {
  await connection.executeQuery(CompiledQuery.raw(command))
}

function isBusy(error: unknown): boolean {
  return error instanceof Error && "errcode" in error && (Number(error.errcode) & 0xff) === 5
}
