import type { JsonObject, Policy, Profile } from "@berth/spec"
import type { Kysely } from "kysely"
import type { Engine } from "./engine.ts"
import { fromText, toText } from "./json-text.ts"
import { type Keyring, objectPlace, type Seal } from "./keyring.ts"
import { prepare } from "./prepared.ts"
import { createRemembered, type Remembered } from "./remembered.ts"
import type { SettingStore } from "./store.ts"
import type { NewRowOf, RowOf, Tables } from "./tables.ts"

/** Kinds of manifest that hold no secret. Everything else is stored encrypted, whole: an annotation can repeat a value. */
const openKinds: readonly unknown[] = ["ConfigMap", "Node", "PersistentVolume", "PersistentVolumeClaim"]

const selectPolicy = prepare<{ project: string }>()((database, value) =>
  database.selectFrom("policies").select("policy_json").where("project", "=", value("project")),
)

const selectObjects = prepare<{ project: string }>()((database, value) =>
  database.selectFrom("objects").selectAll().where("project", "=", value("project")).orderBy("position"),
)

/** What administrators and users set: profiles, policies, local stand-ins for cluster objects. */
export function createSettings(
  { database, transact }: Engine,
  { keyring, objects }: { readonly keyring: Keyring; readonly objects: Remembered<readonly JsonObject[]> },
): SettingStore {
  return {
    async profiles() {
      const rows = await database.selectFrom("profiles").select("profile_json").orderBy("name").execute()
      return rows.map((row) => fromText<Profile>(row.profile_json))
    },
    async putProfile(profile, at) {
      const columns = { profile_json: toText(profile), updated: at }
      await transact((transaction) =>
        transaction
          .insertInto("profiles")
          .values({ name: profile.name, ...columns })
          .onConflict((conflict) => conflict.column("name").doUpdateSet(columns))
          .execute(),
      )
    },
    async removeProfile(name) {
      const { numDeletedRows } = await transact((transaction) =>
        transaction.deleteFrom("profiles").where("name", "=", name).executeTakeFirstOrThrow(),
      )
      return numDeletedRows === 1n
    },
    async policy(project) {
      const [row] = (await selectPolicy(database, { project })).rows
      return row === undefined ? {} : fromText<Policy>(row.policy_json)
    },
    async putPolicy(project, policy, at) {
      const columns = { policy_json: toText(policy), updated: at }
      await transact((transaction) =>
        transaction
          .insertInto("policies")
          .values({ project, ...columns })
          .onConflict((conflict) => conflict.column("project").doUpdateSet(columns))
          .execute(),
      )
    },
    objects: (project) => objects.get(project),
    async putObjects(project, manifests, at) {
      await transact((transaction) => {
        const rows = manifests.map((manifest, position) =>
          toRow(keyring.seal, { project, position, updated: at }, manifest),
        )
        return replaceObjects(transaction, project, rows)
      })
      objects.forget(project)
    },
  }
}

/** The stand-ins of each project, which every look at an attempt asks for. */
export function rememberObjects({ database }: Engine, keyring: Keyring): Remembered<readonly JsonObject[]> {
  return createRemembered(async (project) => {
    const { rows } = await selectObjects(database, { project })
    return rows.map((row) => toManifest(row, keyring))
  })
}

async function replaceObjects(
  database: Kysely<Tables>,
  project: string,
  rows: readonly NewRowOf<"objects">[],
): Promise<void> {
  await database.deleteFrom("objects").where("project", "=", project).execute()
  for (const row of rows) await database.insertInto("objects").values(row).execute()
}

function toRow(
  seal: Seal,
  identity: Pick<NewRowOf<"objects">, "project" | "position" | "updated">,
  manifest: JsonObject,
): NewRowOf<"objects"> {
  const text = toText(manifest)
  if (openKinds.includes(manifest.kind)) return { ...identity, manifest_json: text, sealed: null, key_id: null }
  const sealed = seal(objectPlace(identity.project, identity.position), text)
  return { ...identity, manifest_json: null, sealed: sealed.value, key_id: sealed.keyId }
}

function toManifest(row: RowOf<"objects">, keyring: Keyring): JsonObject {
  if (row.manifest_json !== null) return fromText(row.manifest_json)
  if (row.sealed === null) return {}
  return fromText(keyring.unseal(objectPlace(row.project, row.position), row.sealed))
}
