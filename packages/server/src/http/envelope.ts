import { BerthError, createFinding, type Entity, type EntityMetadata, type Json, type JsonObject } from "@berth/spec"
import type { EntityRow, EntityType, SecretRow } from "../store/store.ts"

/** Words of a type, as messages and keys name it. */
export function notFound(type: string, id: string): BerthError {
  return new BerthError("not_found", `No such EntityName: ${type} ${id}.`)
}

/** What DigitalHub's clients take for "exists already": 400, never 409. */
export function duplicate(type: string, id: string): BerthError {
  return new BerthError("conflict", `Duplicated entity ${type}:${id}.`)
}

/** @throws BerthError `invalid` when the body names another project than the path */
export function checkBodyProject(project: string, body: { readonly project?: string | undefined }): void {
  if (body.project === undefined || body.project === project) return
  const problem = `invalid project: the body says ${body.project}, the path ${project}`
  const finding = createFinding("request.invalid", { in: "body", key: "project", problem }, { path: ["project"] })
  throw new BerthError("invalid", finding.message, { issues: [finding] })
}

/** What a spec must be there for; the words are those that DigitalHub's SDK looks for. */
export function missingSpec(): BerthError {
  const finding = createFinding(
    "request.invalid",
    { in: "body", key: "spec", problem: "missing spec" },
    { path: ["spec"] },
  )
  return new BerthError("invalid", finding.message, { issues: [finding] })
}

/** Server-owned members win over what a client sent under the same name. */
export function createMetadata(options: {
  readonly sent: JsonObject | Readonly<Record<string, unknown>> | undefined
  readonly project: string
  readonly name: string
  readonly user: string
  readonly at: string
}): EntityMetadata {
  const { sent, project, name, user, at } = options
  return { ...sent, project, name, created: at, updated: at, created_by: user, updated_by: user }
}

/** Creation never changes; everything else is what was sent last. */
export function changeMetadata(
  before: EntityMetadata,
  sent: Readonly<Record<string, unknown>> | undefined,
  options: { readonly user: string; readonly at: string },
): EntityMetadata {
  const { project, name, created, created_by } = before
  const kept = created_by === undefined ? {} : { created_by }
  return { ...(sent ?? before), project, name, created, ...kept, updated: options.at, updated_by: options.user }
}

const singular: Record<EntityType, string> = {
  function: "function",
  task: "task",
  workflow: "workflow",
  artifact: "artifact",
  dataitem: "dataitem",
  model: "model",
  trigger: "trigger",
}

/** An entity as the wire shows it. */
export function toEntity(row: EntityRow): Entity {
  return {
    id: row.id,
    project: row.project,
    name: row.name,
    kind: row.kind,
    key: keyOf(row),
    user: row.user,
    metadata: dropNulls(row.metadata),
    spec: dropNulls(row.spec),
    status: { state: "CREATED", ...dropNulls(row.status) },
    ...(row.extensions !== undefined && { extensions: row.extensions }),
  }
}

function keyOf(row: EntityRow): string {
  const type = singular[row.type]
  if (row.type === "task" || row.type === "trigger")
    return `store://${row.project}/${type}/${row.kind}/${row.id}:${row.id}`
  return `store://${row.project}/${type}/${row.kind}/${row.name}:${row.id}`
}

/** A secret as the wire shows it, without its value. */
export function toSecret(row: SecretRow): Entity {
  return {
    id: row.id,
    project: row.project,
    name: row.name,
    kind: "secret",
    key: `store://${row.project}/secret/secret/${row.name}`,
    user: row.user,
    metadata: dropNulls(row.metadata),
    spec: dropNulls(row.spec),
    status: { state: "CREATED" },
  }
}

/**
 * The answer without its nulls: DigitalHub's SDK rejects them. In a spec a null stays stored, where it removes what
 * was inherited, and is only left out here. Nulls in lists stay: leaving them out would move the rest.
 */
export function dropNulls<Value extends object>(value: Value): Value {
  return hasNull(value) ? (without(value as unknown as Json) as unknown as Value) : value
}

function hasNull(value: unknown): boolean {
  if (value === null) return true
  if (typeof value !== "object") return false
  return Object.values(value).some(hasNull)
}

function without(value: Json): Json {
  if (typeof value !== "object" || value === null) return value
  if (Array.isArray(value)) return value.map(without)
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, item]) => (item === null ? [] : [[key, without(item)] as const])),
  )
}
