import { BerthError, createFinding, type Finding } from "@berth/spec"
import type { SecretRow, Store } from "../store/store.ts"
import type { AppDeps } from "./deps.ts"
import { changeMetadata, checkBodyProject, createMetadata, duplicate, notFound, toSecret } from "./envelope.ts"
import type { Handlers } from "./handlers.ts"
import { noSuchKind } from "./kinds.ts"
import { toListOptions, toPage } from "./page.ts"
import { requireProject } from "./projects.ts"

type SecretHandlers = Pick<
  Handlers,
  | "listSecrets"
  | "createSecret"
  | "readSecretValues"
  | "writeSecretValues"
  | "readSecret"
  | "updateSecret"
  | "deleteSecret"
  | "deleteSecrets"
>

/** Secrets: names here, values encrypted in the store; only `readSecretValues` shows one. */
export function secretHandlers(deps: AppDeps): SecretHandlers {
  const { store } = deps
  return {
    async listSecrets({ params, query }) {
      await requireProject(store, params.project)
      const options = toListOptions({ sort: ["name,asc"], ...query })
      const rows = await store.secrets.list(params.project, {
        ...options,
        ...(query.name !== undefined && { name: query.name }),
      })
      return toPage(rows, options, toSecret)
    },
    async createSecret({ params, body, principal }) {
      await requireProject(store, params.project)
      if (body.kind !== "secret") throw noSuchKind(body.kind)
      checkBodyProject(params.project, body)
      const name = body.name ?? body.id
      if (name === undefined) throw new BerthError("invalid", "A secret needs a name.")
      const at = deps.now().toISOString()
      const row: Omit<SecretRow, "set"> = {
        project: params.project,
        id: body.id ?? deps.newId(),
        name,
        user: principal.name,
        metadata: createMetadata({ sent: body.metadata, project: params.project, name, user: principal.name, at }),
        spec: body.spec ?? { path: `secret://${name}`, provider: "kubernetes" },
        created: at,
        updated: at,
      }
      if (!(await store.secrets.insert(row))) throw duplicate("secret", name)
      return toSecret({ ...row, set: false })
    },
    async readSecretValues({ params, query }) {
      await requireProject(store, params.project)
      return store.secrets.values(params.project, query.keys ?? [])
    },
    async writeSecretValues({ params, body }) {
      await requireProject(store, params.project)
      const missing = await store.secrets.setValues(params.project, body, deps.now().toISOString())
      if (missing.length > 0) throw new BerthError("invalid", `missing secrets for ${missing.join(", ")}`)
      const findings = Object.entries(body).flatMap(checkLength)
      return findings.length === 0 ? undefined : { findings }
    },
    readSecret: async ({ params }) => toSecret(await readSecret(store, params)),
    async updateSecret({ params, body, principal }) {
      const row = await readSecret(store, params)
      checkBodyProject(row.project, body)
      const at = deps.now().toISOString()
      const change = {
        metadata: changeMetadata(row.metadata, body.metadata, { user: principal.name, at }),
        updated: at,
      }
      await store.secrets.update(row.project, row.id, change)
      return toSecret({ ...row, ...change })
    },
    async deleteSecret({ params }) {
      const row = await readSecret(store, params)
      await store.secrets.remove(row.project, row.id)
    },
    async deleteSecrets({ params, query }) {
      await requireProject(store, params.project)
      const { rows } = await store.secrets.list(params.project, { page: 0, size: 1, name: query.name })
      for (const row of rows) await store.secrets.remove(row.project, row.id)
    },
  }
}

/** Shorter values are found everywhere in a log, so that nothing is gained by masking them. */
const shortestMasked = 6

function checkLength([name, value]: readonly [string, string]): readonly Finding[] {
  if (value.length >= shortestMasked) return []
  return [createFinding("secret.short", { name, length: value.length }, { path: [name] })]
}

async function readSecret(store: Store, { project, id }: { project: string; id: string }): Promise<SecretRow> {
  const row = await store.secrets.get(project, id)
  if (row === undefined) throw notFound("secret", id)
  return row
}
