import { setTimeout as sleep } from "node:timers/promises"
import { BerthError } from "@berth/spec"
import { CompiledQuery, type Kysely } from "kysely"
import type { Body, Engine } from "./engine.ts"
import { isPassing, toStoreError } from "./failure.ts"
import type { Tables } from "./tables.ts"

const maxGroup = 64
/** Something else (a backup, a shell, another session) was in the way: tried again this long after each time. */
const retryDelaysMs = [5, 10, 20, 40, 80, 160, 320, 640, 1280, 2560]

interface Waiting {
  run(database: Kysely<Tables>): Promise<void>
  fail(error: unknown): void
  /** Tells the caller, with what the last `run` or `fail` has left. */
  settle(): void
}

/**
 * One writer, and one commit for everything that asked to write in the same turn of the event loop. When a body fails,
 * the group runs again with each body in a savepoint of its own, so that it takes no other with it; all are
 * acknowledged by the one commit.
 *
 * @param begin - `begin immediate` where a transaction must not start as a reader
 */
export function createGroupCommit(database: Kysely<Tables>, begin: string): Engine["transact"] {
  const queue: Waiting[] = []
  let busy = false

  async function drain(): Promise<void> {
    const group = queue.splice(0, maxGroup)
    try {
      await database.connection().execute((connection) => commitGroup(connection, begin, group))
    } catch (error) {
      for (const waiting of group) waiting.fail(error)
    }
    for (const waiting of group) waiting.settle()
    if (queue.length > 0) setImmediate(drain)
    else busy = false
  }

  return <Result>(body: Body<Result>) =>
    new Promise<Result>((resolve, reject) => {
      queue.push(createWaiting(body, resolve, reject))
      if (busy) return
      busy = true
      setImmediate(drain)
    })
}

function createWaiting<Result>(
  body: Body<Result>,
  resolve: (result: Result) => void,
  reject: (error: unknown) => void,
): Waiting {
  let outcome: () => void = () => reject(new BerthError("internal", "A write was to be acknowledged before it ran."))
  return {
    async run(database) {
      const result = await body(database)
      outcome = () => resolve(result)
    },
    fail(error) {
      outcome = () => reject(toStoreError(error))
    },
    settle: () => outcome(),
  }
}

async function commitGroup(connection: Kysely<Tables>, begin: string, group: readonly Waiting[]): Promise<void> {
  for (const delay of retryDelaysMs) {
    try {
      return await commitOnce(connection, begin, group)
    } catch (error) {
      if (!isPassing(error)) throw error
      await sleep(delay)
    }
  }
  return await commitOnce(connection, begin, group)
}

async function commitOnce(connection: Kysely<Tables>, begin: string, group: readonly Waiting[]): Promise<void> {
  if (await commitAll(connection, begin, group)) return
  await inTransaction(connection, begin, async () => {
    for (const waiting of group) await runInSavepoint(connection, waiting)
  })
}

/** Without savepoints, as hardly any body fails. False when one did: nothing is written then. */
async function commitAll(connection: Kysely<Tables>, begin: string, group: readonly Waiting[]): Promise<boolean> {
  let failure: unknown
  try {
    await inTransaction(connection, begin, async () => {
      for (const waiting of group) {
        await waiting.run(connection).catch((error: unknown) => {
          failure = error
          throw error
        })
      }
    })
    return true
  } catch (error) {
    if (error !== failure || isPassing(error)) throw error
    if (group.length > 1) return false
    group[0]?.fail(error)
    return true
  }
}

async function inTransaction(connection: Kysely<Tables>, begin: string, work: () => Promise<void>): Promise<void> {
  await execute(connection, begin)
  try {
    await work()
    await execute(connection, "commit")
  } catch (error) {
    // There may be nothing to take back: the connection is gone, or SQLite has done it itself (disk full).
    await execute(connection, "rollback").catch(() => {})
    throw error
  }
}

async function runInSavepoint(connection: Kysely<Tables>, waiting: Waiting): Promise<void> {
  await execute(connection, "savepoint body")
  try {
    await waiting.run(connection)
  } catch (error) {
    if (isPassing(error)) throw error
    await execute(connection, "rollback to savepoint body").catch(() => {
      throw error
    })
    waiting.fail(error)
  }
  await execute(connection, "release savepoint body")
}

async function execute(connection: Kysely<Tables>, command: string): Promise<void> {
  await connection.executeQuery(CompiledQuery.raw(command))
}
