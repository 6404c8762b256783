import { BerthError, type Entity, type JsonObject } from "@berth/spec"
import type { ProjectRow, Store } from "../store/store.ts"
import { checkOwner, isWithin, type Principal } from "./auth.ts"
import type { AppDeps } from "./deps.ts"
import { changeMetadata, createMetadata, dropNulls, duplicate, notFound, toEntity } from "./envelope.ts"
import type { Handlers } from "./handlers.ts"
import { hiddenKinds, toListOptions, toPage } from "./page.ts"
import { removeRuns } from "./run-removal.ts"
import { createWakeUp } from "./wake-up.ts"

const embeddedTypes = {
  functions: "function",
  workflows: "workflow",
  artifacts: "artifact",
  dataitems: "dataitem",
  models: "model",
} as const

type ProjectHandlers = Pick<
  Handlers,
  "listProjects" | "createProject" | "readProject" | "updateProject" | "deleteProject"
>

/** Projects: they own everything below. */
export function projectHandlers(deps: AppDeps): ProjectHandlers {
  const { store } = deps
  return {
    async listProjects({ query, principal }) {
      const options = toListOptions({ sort: ["name,asc"], ...query })
      const rows = await store.projects.list({
        ...options,
        ...(query.name !== undefined && { name: query.name }),
        ...(query.state !== undefined && { state: query.state }),
        ...(principal.projects !== "all" && { names: await visibleProjects(principal, store) }),
      })
      return toPage(rows, options, toProject)
    },
    async createProject({ body, principal }) {
      const name = body.name ?? body.id
      if (name === undefined) throw new BerthError("invalid", "A project needs a name.")
      if (body.id !== undefined && body.id !== name) {
        throw new BerthError("invalid", `A project's id is its name: ${body.id} is not ${name}.`)
      }
      checkMayCreate(principal, name)
      const at = deps.now().toISOString()
      const row: ProjectRow = {
        name,
        user: principal.name,
        metadata: createMetadata({ sent: body.metadata, project: name, name, user: principal.name, at }),
        spec: withoutEmbedded(body.spec ?? {}),
        status: { state: "CREATED" },
        created: at,
        updated: at,
        deleting: false,
      }
      if (!(await insertProject(row, deps))) throw duplicate("project", name)
      return toProject(row)
    },
    readProject: async ({ params, request }) => {
      const row = await requireProject(store, params.project)
      return embed(row, store, deps.config.publicUrl ?? `${request.protocol}://${request.host}`)
    },
    async updateProject({ params, body, principal }) {
      const row = await requireProject(store, params.project)
      const at = deps.now().toISOString()
      const change = {
        metadata: changeMetadata(row.metadata, body.metadata, { user: principal.name, at }),
        ...(body.spec !== undefined && { spec: withoutEmbedded(body.spec) }),
        ...(body.status !== undefined && { status: body.status as JsonObject }),
        updated: at,
      }
      await store.projects.update(row.name, change)
      return toProject({ ...row, ...change })
    },
    async deleteProject({ params, principal }) {
      checkOwner(principal, params.project)
      await deleteProject(deps, params.project)
    },
  }
}

/** @throws BerthError `not_found` also for a project that is being deleted */
export async function requireProject(store: Store, name: string): Promise<ProjectRow> {
  const row = await store.projects.get(name)
  if (row === undefined || row.deleting) throw notFound("project", name)
  return row
}

function checkMayCreate(principal: Principal, name: string): void {
  if (principal.projects === "all" || principal.projects.includes(name)) return
  throw new BerthError("forbidden", `${principal.name} may not create the project ${name}: its token does not name it.`)
}

async function visibleProjects(principal: Principal, store: Store): Promise<readonly string[]> {
  const shared = await store.principals.sharedWith(principal.name)
  const reached = shared.filter((project) => isWithin(principal, project))
  return [...new Set([...(principal.projects === "all" ? [] : principal.projects), ...reached])]
}

/** A project that is being deleted and has no run left makes way for a new one of its name. */
async function insertProject(row: ProjectRow, { store, endProject }: AppDeps): Promise<boolean> {
  if (await store.projects.insert(row)) return true
  const before = await store.projects.get(row.name)
  if (before?.deleting !== true || (await hasRuns(store, row.name))) return false
  await endProject(row.name)
  return store.projects.insert(row)
}

async function hasRuns(store: Store, project: string): Promise<boolean> {
  return (await store.runs.list(project, { page: 0, size: 1 })).total > 0
}

/** How long a deletion waits for the project's runs to end; the reconciler goes on after it. */
const deletionWaitMs = 5000

/** Marks the project and every run of it; what has no runs goes at once, else with its last run. */
async function deleteProject(deps: AppDeps, name: string): Promise<void> {
  const { store } = deps
  if ((await store.projects.get(name)) === undefined) return
  const at = deps.now().toISOString()
  await store.projects.update(name, { deleting: true, updated: at })
  const wakeUp = createWakeUp()
  const end = store.onChange(name, () => wakeUp.ring())
  try {
    await removeRuns(deps, name)
    const limit = AbortSignal.timeout(deletionWaitMs)
    while (!limit.aborted && (await hasRuns(store, name))) await wakeUp.wait(deletionWaitMs, limit)
    if (!(await hasRuns(store, name))) await deps.endProject(name)
  } finally {
    end()
  }
}

/** Lists of entities that clients send inside a project's spec are answers, not specs. */
function withoutEmbedded(spec: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(spec).filter(([member]) => !Object.hasOwn(embeddedTypes, member)))
}

/** A project as the wire shows it in a list. */
export function toProject(row: ProjectRow): Entity {
  return {
    id: row.name,
    project: row.name,
    name: row.name,
    kind: "project",
    key: `store://${row.name}`,
    user: row.user,
    metadata: dropNulls(row.metadata),
    spec: dropNulls(row.spec),
    status: { state: "CREATED", ...dropNulls(row.status) },
  }
}

async function embed(row: ProjectRow, store: Store, endpoint: string): Promise<Entity> {
  const project = toProject(row)
  const lists = await Promise.all(
    Object.entries(embeddedTypes).map(async ([plural, type]) => {
      const { rows } = await store.entities.list(row.name, type, {
        page: 0,
        size: 1000,
        versions: "latest",
        hideKinds: hiddenKinds,
      })
      return [
        plural,
        rows.map((entity) => shorten(toEntity(entity), `${endpoint}/api/v1/-/${row.name}/${plural}/${entity.id}`)),
      ]
    }),
  )
  return { ...project, spec: { ...project.spec, ...Object.fromEntries(lists) } }
}

/** Whole when it asks to be embedded, else its envelope and where to read it. */
function shorten(entity: Entity, ref: string): object {
  if (entity.metadata.embedded === true) return entity
  const { spec: _spec, status: _status, extensions: _extensions, metadata, ...envelope } = entity
  const { project, name, created, updated } = metadata
  return { ...envelope, metadata: { project, name, created, updated, embedded: false, ref } }
}
