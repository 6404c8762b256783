import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs"
import { join } from "node:path"
import type { Attempt } from "@berth/spec"
import type { AttemptRecord } from "./attempt-record.ts"
import { writeWhole } from "./launch-record.ts"
import { attemptsFolder, placesOf } from "./places.ts"
import { removeTree } from "./remove-tree.ts"

/** All attempts that this data folder knows. The folders are the truth, the table is read from them. */
export interface AttemptTable {
  get(uid: string): AttemptRecord | undefined
  all(): readonly AttemptRecord[]
  /** Keeps a new attempt on disk; the one that is there if it was accepted before. */
  accept(attempt: Attempt): { readonly record: AttemptRecord; readonly isNew: boolean }
  forget(uid: string): void
}

export function createAttemptTable(data: string): AttemptTable {
  const folder = attemptsFolder(data)
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const records = new Map<string, AttemptRecord>()
  for (const uid of readdirSync(folder)) {
    const attempt = readAttempt(join(folder, uid))
    if (attempt === undefined) removeTree(join(folder, uid))
    else records.set(uid, toRecord(data, attempt))
  }
  return {
    get: (uid) => records.get(uid),
    all: () => [...records.values()],
    accept(attempt) {
      const known = records.get(attempt.uid)
      if (known !== undefined) return { record: known, isNew: false }
      const record = toRecord(data, attempt)
      mkdirSync(record.places.attempt, { recursive: true, mode: 0o700 })
      writeWhole(join(record.places.attempt, attemptFile), JSON.stringify(attempt))
      records.set(attempt.uid, record)
      return { record, isNew: true }
    },
    forget(uid) {
      records.delete(uid)
      const { attempt } = placesOf(data, uid)
      // The record goes first: what is left of a folder without one is swept at the next start.
      rmSync(join(attempt, attemptFile), { force: true })
      removeTree(attempt)
    },
  }
}

const attemptFile = "attempt.json"

/**
 * An attempt that was accepted; undefined for what is left of one that was being removed or accepted. A machine that
 * lost its power may leave the file empty: then nothing of the attempt is alive, and it is as good as never accepted.
 */
function readAttempt(folder: string): Attempt | undefined {
  const path = join(folder, attemptFile)
  if (!existsSync(path)) return undefined
  const text = readFileSync(path, "utf8")
  return /^\0*$/.test(text) ? undefined : (JSON.parse(text) as Attempt)
}

function toRecord(data: string, attempt: Attempt): AttemptRecord {
  return {
    attempt,
    places: placesOf(data, attempt.uid),
    state: { phase: "unstarted" },
    reasons: [],
    parity: [],
  }
}
