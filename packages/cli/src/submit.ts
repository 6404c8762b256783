import { isDeepStrictEqual } from "node:util"
import { type Client, packCode } from "@berth/sdk"
import { BerthError, type Entity, type JsonObject, type RunEntity } from "@berth/spec"

/** A function as the wire wants it. */
export interface FunctionRequest {
  readonly project: string
  readonly kind: string
  readonly name: string
  readonly spec: JsonObject
}

/** A run as the wire wants it. */
export interface RunRequest {
  readonly project: string
  readonly kind: string
  readonly spec: JsonObject
}

/** The function's spec with the code of its folder, when its kind has code of its own. */
export async function withCode(kind: string, spec: JsonObject, folder: string): Promise<JsonObject> {
  if (kind === "container") return spec
  const { handler, init_function, source, ...rest } = spec
  if (source !== undefined) return spec
  const code = await packCode({ dir: folder })
  return {
    ...rest,
    source: {
      ...(handler !== undefined && { handler }),
      ...(init_function !== undefined && { init_function }),
      base64: code.base64,
      lang: kind === "python" ? "python" : "typescript",
    },
  }
}

/** The newest version of the function if it says the same, else a new version. */
export async function ensureFunction(
  client: Client,
  request: FunctionRequest,
): Promise<{ readonly fn: Entity; readonly isNew: boolean }> {
  const { project, kind, name, spec } = request
  const query = { name, kind: "*", size: 1 }
  const latest = await client.transport.call("listFunctions", { params: { project }, query })
  const known = latest.content[0]
  if (known?.name === name && known.kind === kind && isDeepStrictEqual(known.spec, spec)) {
    return { fn: known, isNew: false }
  }
  const fn = await client.transport.call("createFunction", {
    params: { project },
    query: { strict: "keys" },
    body: { kind, name, spec },
  })
  return { fn, isNew: true }
}

/** Takes a version back that nothing has run yet, with the tasks that were made for it. */
export async function withdrawFunction(client: Client, { project, id }: Entity): Promise<void> {
  await client.transport.call("deleteFunction", { params: { project, id }, query: { cascade: true } })
}

/** The function of a name. @throws BerthError `not_found` when there is none. */
export async function readFunction(client: Client, project: string, name: string): Promise<Entity> {
  const latest = await client.transport.call("listFunctions", {
    params: { project },
    query: { name, kind: "*", size: 1 },
  })
  const found = latest.content.find((entity) => entity.name === name)
  if (found !== undefined) return found
  throw new BerthError("not_found", `There is no function ${name} in project ${project}, and no file of that name.`)
}

/** The run that a function and its action make, with its task. */
export async function toRunRequest(
  client: Client,
  fn: Entity,
  { action, run }: { readonly action: string; readonly run: JsonObject },
): Promise<RunRequest> {
  const { project } = fn
  const kind = `${fn.kind}+${action}`
  const reference = `${fn.kind}://${project}/${fn.name}:${fn.id}`
  const tasks = await client.transport.call("listTasks", { params: { project }, query: { function: reference, kind } })
  const task =
    tasks.content[0] ??
    (await client.transport.call("createTask", { params: { project }, body: { kind, spec: { function: reference } } }))
  return {
    project,
    kind: `${kind}:run`,
    spec: { task: `${kind}://${project}/${task.id}`, function: reference, ...run },
  }
}

/** How much is refused: unknown keys always, with `--strict` also what cannot be kept exactly. */
export type Strictness = "keys" | "all"

/** Submits a run. @throws BerthError `invalid` with everything that is wrong */
export function submitRun(client: Client, request: RunRequest, strict: Strictness): Promise<RunEntity> {
  const { project, ...body } = request
  return client.transport.call("createRun", { params: { project }, query: { strict }, body })
}

/** What submitting would do, also for a request that is wrong. */
export function planRun(client: Client, request: RunRequest, strict: Strictness) {
  const { project, ...body } = request
  return client.transport.call("planRun", { params: { project }, query: { strict }, body })
}
