import { setTimeout as sleep } from "node:timers/promises"
import { BerthError } from "@berth/spec"
import { Client } from "pg"
import { toStoreError } from "./failure.ts"
import { applicationName } from "./postgres.ts"

/** The first half of the lock's key; the second is the schema's, so that two schemas are two databases. */
const lockClass = 0x62657274
const beatMs = 5_000

/** A database in the possession of one session. */
export interface DatabaseLock {
  /** Aborted when the session is gone, and with it the lock. */
  readonly lost: AbortSignal
  release(): Promise<void>
}

/**
 * Takes possession of a PostgreSQL database by an advisory lock of a session of its own: it ends with the connection,
 * so a server that can't reach its database any more owns nothing.
 *
 * @throws BerthError `conflict`, naming the owner's session
 */
export async function lockDatabase(url: string, heartbeatMs: number = beatMs): Promise<DatabaseLock> {
  const client = new Client({
    connectionString: url,
    application_name: applicationName,
    connectionTimeoutMillis: 10_000,
    query_timeout: 2 * heartbeatMs,
    keepAlive: true,
  })
  const lost = new AbortController()
  const lose = (error?: unknown): void =>
    lost.abort(new BerthError("unavailable", "The session that owned the database is lost.", { cause: error }))
  client.on("error", lose)
  client.on("end", lose)
  try {
    await client.connect()
    await take(client)
  } catch (error) {
    await client.end()
    throw toStoreError(error)
  }
  const beat = setInterval(() => client.query("select 1").catch(lose), heartbeatMs)
  beat.unref()
  return {
    lost: lost.signal,
    async release() {
      clearInterval(beat)
      client.removeListener("end", lose)
      await client.end()
    },
  }
}

/** A server that was killed a moment ago has its session until PostgreSQL sees the end of its connection. */
async function take(client: Client): Promise<void> {
  for (let attempt = 0; attempt < 10; attempt += 1) {
    const { rows } = await client.query<{ taken: boolean }>(
      "select pg_try_advisory_lock($1, hashtext(current_schema())) as taken",
      [lockClass],
    )
    if (rows[0]?.taken === true) return
    await sleep(100)
  }
  const owners = await client.query<{ owner: string }>(
    `select coalesce(nullif(activity.application_name, ''), 'session ' || locks.pid) as owner
     from pg_locks locks left join pg_stat_activity activity on activity.pid = locks.pid
     where locks.locktype = 'advisory' and locks.classid = $1 and locks.granted
       and locks.database = (select oid from pg_database where datname = current_database())
       and locks.objid = hashtext(current_schema())::bigint & 4294967295`,
    [lockClass],
  )
  const owner = owners.rows[0]?.owner ?? "another server"
  throw new BerthError("conflict", `The database belongs to ${owner}. End it first, or take another database.`)
}
