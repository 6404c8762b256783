import { BerthError } from "@berth/spec"
import type { Kysely } from "kysely"
import { createKey, type Key, type Sealed, seal, unseal } from "./cipher.ts"
import type { Engine } from "./engine.ts"
import { type KeyFile, readOrCreateKeys } from "./key-file.ts"
import type { Tables } from "./tables.ts"

/** What encrypts and decrypts for the tables. */
export interface Keyring {
  /**
   * For the body of a transaction: the one writer puts it before a rotation or after it, never between. The key file
   * is made with the first value.
   */
  readonly seal: Seal
  unseal(place: string, value: Uint8Array): string
  /** Encrypts everything stored under a new key; the number of values. */
  rotate(): Promise<number>
}

export type Seal = (place: string, text: string) => Sealed

/** Where a secret's value belongs. */
export function secretPlace(project: string, name: string): string {
  return `${project}/${name}`
}

/** Where a manifest belongs. No secret's name has a slash. */
export function objectPlace(project: string, position: number): string {
  return `${project}/object/${position}`
}

/** Refuses stored values whose key is not there: they would be lost one by one, in the middle of runs. */
export async function openKeyring({ database, transact }: Engine, file: KeyFile): Promise<Keyring> {
  let keys = file.read()
  requireKeys(file, await readUsedKeys(database), keys ?? [])

  function open(): readonly Key[] {
    keys ??= readOrCreateKeys(file)
    return keys
  }
  return {
    seal: (place, text) => seal(currentOf(open()), place, text),
    unseal: (place, value) => unseal(open(), place, value),
    async rotate() {
      const next = createKey()
      const both = [...open(), next]
      file.write(both)
      keys = both
      const count = await transact((transaction) => reseal(transaction, both))
      file.write([next])
      keys = [next]
      return count
    },
  }
}

function currentOf(keys: readonly Key[]): Key {
  const key = keys.at(-1)
  if (key === undefined) throw new BerthError("internal", "The keyring is empty.")
  return key
}

async function readUsedKeys(database: Kysely<Tables>): Promise<readonly string[]> {
  const rows = await database
    .selectFrom("secrets")
    .select("key_id")
    .where("key_id", "is not", null)
    .union(database.selectFrom("objects").select("key_id").where("key_id", "is not", null))
    .execute()
  return rows.flatMap((row) => row.key_id ?? [])
}

function requireKeys(file: KeyFile, used: readonly string[], present: readonly Key[]): void {
  const missing = used.filter((id) => !present.some((key) => key.id === id))
  if (missing.length === 0) return
  const what = present.length === 0 ? "does not exist" : "holds another key"
  throw new BerthError(
    "invalid",
    `Secrets are stored under the key ${missing.join(", ")}, but ${file.path} ${what}. ` +
      "Put the key back, or name its file in BERTH_SECRET_KEY_FILE.",
  )
}

async function reseal(database: Kysely<Tables>, keys: readonly Key[]): Promise<number> {
  const secrets = await database.selectFrom("secrets").select(["ordinal", "project", "name", "value"]).execute()
  const objects = await database.selectFrom("objects").select(["project", "position", "sealed"]).execute()
  let count = 0
  for (const { ordinal, project, name, value } of secrets) {
    if (value === null) continue
    const sealed = moveTo(keys, { place: secretPlace(project, name), value })
    await database
      .updateTable("secrets")
      .set({ value: sealed.value, key_id: sealed.keyId })
      .where("ordinal", "=", ordinal)
      .execute()
    count += 1
  }
  for (const { project, position, sealed: value } of objects) {
    if (value === null) continue
    const sealed = moveTo(keys, { place: objectPlace(project, position), value })
    await database
      .updateTable("objects")
      .set({ sealed: sealed.value, key_id: sealed.keyId })
      .where("project", "=", project)
      .where("position", "=", position)
      .execute()
    count += 1
  }
  return count
}

/** From whichever key a value is under to the last. */
function moveTo(keys: readonly Key[], { place, value }: { place: string; value: Uint8Array }): Sealed {
  return seal(currentOf(keys), place, unseal(keys, place, value))
}
