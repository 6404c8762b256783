import type { EntityBody, EntityChange, JsonObject, TaskEntity, VersionedListQuery } from "@berth/spec"
import type { EntityRow, EntityType, ListOptions, Rows, Store } from "../store/store.ts"
import type { AppDeps } from "./deps.ts"
import { changeMetadata, checkBodyProject, createMetadata, duplicate, notFound, toEntity } from "./envelope.ts"
import { toKindFilter } from "./page.ts"

interface Owner {
  readonly project: string
  readonly type: EntityType
  readonly user: string
  readonly functionRef?: string
}

/** Stores an entity as it was sent, spec and all. */
export async function createEntity(
  deps: AppDeps,
  body: EntityBody & { readonly spec: JsonObject },
  owner: Owner,
): Promise<EntityRow> {
  checkBodyProject(owner.project, body)
  const id = body.id ?? deps.newId()
  const name = body.name ?? id
  const at = deps.now().toISOString()
  const row: EntityRow = {
    ...owner,
    id,
    name,
    kind: body.kind,
    metadata: createMetadata({
      sent: withVersion(body.metadata, id),
      project: owner.project,
      name,
      user: owner.user,
      at,
    }),
    spec: body.spec,
    status: { state: "CREATED" },
    ...(body.extensions !== undefined && { extensions: body.extensions }),
    created: at,
    updated: at,
  }
  if (!(await deps.store.entities.insert(row))) throw duplicate(owner.type, id)
  return row
}

/** A version has a name of its own: what was sent, else its id's beginning. */
function withVersion(metadata: EntityBody["metadata"], id: string): Readonly<Record<string, unknown>> {
  return { version: id.slice(0, 8), ...metadata }
}

/** @throws BerthError `not_found` */
export async function readEntity(
  store: Store,
  identity: { readonly project: string; readonly type: EntityType; readonly id: string },
): Promise<EntityRow> {
  const row = await store.entities.get(identity.project, identity.type, identity.id)
  if (row === undefined) throw notFound(identity.type, identity.id)
  return row
}

interface Update {
  readonly body: EntityChange
  readonly user: string
  /** Absent: frozen. */
  readonly spec?: JsonObject
}

/** Id, kind, project, name and creation never change; the spec only where the type allows it. */
export async function updateEntity(deps: AppDeps, row: EntityRow, { body, user, spec }: Update): Promise<EntityRow> {
  checkBodyProject(row.project, body)
  const at = deps.now().toISOString()
  const change = {
    metadata: changeMetadata(row.metadata, body.metadata, { user, at }),
    ...(body.status !== undefined && { status: body.status }),
    ...(body.extensions !== undefined && { extensions: body.extensions }),
    ...(spec !== undefined && { spec }),
    updated: at,
  }
  await deps.store.entities.update(row.project, row.type, row.id, change)
  return { ...row, ...change }
}

interface Filter extends Pick<VersionedListQuery, "name" | "kind" | "state" | "labels" | "versions"> {
  readonly functionRef?: string
  readonly options: ListOptions
}

/** Entities of one type; a kind that clients don't know shows only when it is asked for. */
export function listEntities(
  store: Store,
  { project, type }: { readonly project: string; readonly type: EntityType },
  filter: Filter,
): Promise<Rows<EntityRow>> {
  const { name, state, labels, functionRef } = filter
  return store.entities.list(project, type, {
    ...filter.options,
    ...(name !== undefined && { name }),
    ...(state !== undefined && { state }),
    ...(labels !== undefined && { labels }),
    ...(functionRef !== undefined && { functionRef }),
    ...toKindFilter(filter.kind),
    versions: filter.versions ?? "latest",
  })
}

/** A task as the wire shows it: without metadata and status. */
export function toTask(row: EntityRow): TaskEntity {
  const { metadata: _metadata, status: _status, ...task } = toEntity(row)
  return task
}
