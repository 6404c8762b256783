import { BerthError } from "@berth/spec"

interface Failure {
  readonly code: "not_found" | "unavailable"
  readonly message: string
}

const ownerGone: Failure = {
  code: "not_found",
  message: "No such EntityName: the project or run that this belongs to does not exist any more.",
}
const busy: Failure = {
  code: "unavailable",
  message: "The database is held by another program. End it, then try again.",
}
const diskFull: Failure = { code: "unavailable", message: "The database's disk is full. Make room, then try again." }
const unreachable: Failure = { code: "unavailable", message: "The database can't be reached. Try again later." }

/** By SQLite's extended result code, or the primary one. */
const sqliteFailures: Readonly<Record<number, Failure>> = { 787: ownerGone, 13: diskFull, 5: busy }

/** By SQLSTATE, its class, or Node's code for a broken connection. */
const postgresFailures: Readonly<Record<string, Failure>> = {
  "23503": ownerGone,
  "40": busy,
  "53100": diskFull,
  "55P03": busy,
  "08": unreachable,
  "57P01": unreachable,
  "57P02": unreachable,
  "57P03": unreachable,
  "53300": unreachable,
  ECONNREFUSED: unreachable,
  ECONNRESET: unreachable,
  ENOENT: unreachable,
  ENOTFOUND: unreachable,
  EPIPE: unreachable,
  ETIMEDOUT: unreachable,
}

/** What a database's own error means to the caller; any other comes back as it is. */
export function toStoreError(error: unknown): unknown {
  const failure = findFailure(error)
  return failure === undefined ? error : new BerthError(failure.code, failure.message, { cause: error })
}

function findFailure(error: unknown): Failure | undefined {
  if (!(error instanceof Error)) return undefined
  if ("errcode" in error && typeof error.errcode === "number") {
    return sqliteFailures[error.errcode] ?? sqliteFailures[error.errcode & 0xff]
  }
  if ("code" in error && typeof error.code === "string") {
    return postgresFailures[error.code] ?? postgresFailures[error.code.slice(0, 2)]
  }
  return error.message.startsWith("Connection terminated") ? unreachable : undefined
}

/** SQLITE_BUSY; PostgreSQL's serialization failure and deadlock. */
const passing: readonly unknown[] = [5, "40001", "40P01"]

/** Whether another transaction was in the way: the same may succeed a moment later. */
export function isPassing(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  if ("errcode" in error && typeof error.errcode === "number") return passing.includes(error.errcode & 0xff)
  return "code" in error && passing.includes(error.code)
}
