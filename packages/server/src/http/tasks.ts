import { BerthError, createFinding, type EntityBody } from "@berth/spec"
import { taskMembers } from "../members.ts"
import type { EntityRow, Store } from "../store/store.ts"
import type { AppDeps } from "./deps.ts"
import { createEntity, listEntities, readEntity, toTask, updateEntity } from "./entities.ts"
import { missingSpec } from "./envelope.ts"
import type { Handlers } from "./handlers.ts"
import { noSuchKind, parseTaskKind } from "./kinds.ts"
import { toListOptions, toPage } from "./page.ts"
import { requireProject } from "./projects.ts"
import { functionReference, parseReference, taskReference } from "./reference.ts"
import { toRun } from "./run-answer.ts"
import { removeRuns } from "./run-removal.ts"
import { checkStrictSpec } from "./strict-spec.ts"

type TaskHandlers = Pick<
  Handlers,
  "listTasks" | "createTask" | "readTask" | "updateTask" | "deleteTask" | "listTaskRuns"
>

/** Tasks: sticky defaults of a function for one action. */
export function taskHandlers(deps: AppDeps): TaskHandlers {
  const { store } = deps
  return {
    async listTasks({ params, query }) {
      await requireProject(store, params.project)
      const options = toListOptions(query)
      const functionRef = query.function === undefined ? {} : { functionRef: query.function }
      const filter = { ...query, ...functionRef, versions: "all", options } as const
      return toPage(await listEntities(store, { project: params.project, type: "task" }, filter), options, toTask)
    },
    async createTask({ params, query, body, principal }) {
      await requireProject(store, params.project)
      const parsed = parseTaskKind(body.kind)
      if (parsed === undefined) throw noSuchKind(body.kind)
      checkStrictSpec(body, query.strict, taskMembers(parsed.functionKind))
      const functionRef = await checkFunction(store, params.project, body)
      const owner = { project: params.project, type: "task", user: principal.name, functionRef } as const
      const id = body.id ?? deps.newId()
      return toTask(await createEntity(deps, { ...body, id, name: id, spec: body.spec ?? {} }, owner))
    },
    readTask: async ({ params }) => toTask(await readEntity(store, { ...params, type: "task" })),
    async updateTask({ params, query, body, principal }) {
      const row = await readEntity(store, { ...params, type: "task" })
      const parsed = parseTaskKind(row.kind)
      checkStrictSpec(body, query.strict, parsed === undefined ? [] : taskMembers(parsed.functionKind))
      const spec = body.spec === undefined ? row.spec : { ...body.spec, function: row.spec.function ?? "" }
      return toTask(await updateEntity(deps, row, { body, user: principal.name, spec }))
    },
    async deleteTask({ params, query }) {
      const row = await readEntity(store, { ...params, type: "task" })
      await removeTask(deps, row, query.cascade === true)
    },
    async listTaskRuns({ params }) {
      const row = await readEntity(store, { ...params, type: "task" })
      const { rows } = await store.runs.list(row.project, { page: 0, size: 1000, taskRef: taskReference(row) })
      return rows.map((run) => toRun(run))
    },
  }
}

/** The function a task belongs to: there, and of the same project. */
async function checkFunction(store: Store, project: string, body: EntityBody): Promise<string> {
  if (body.spec === undefined) throw missingSpec()
  const text = body.spec.function
  const reference = typeof text === "string" ? parseReference(text) : undefined
  if (typeof text !== "string" || reference?.id === undefined || reference.project !== project) {
    throw invalidExecutable("reference.invalid", typeof text === "string" ? text : "", project)
  }
  const row = await store.entities.get(project, "function", reference.id)
  if (row === undefined || row.name !== reference.name) throw invalidExecutable("function.missing", text, project)
  return functionReference(row)
}

function invalidExecutable(
  code: "reference.invalid" | "function.missing",
  reference: string,
  project: string,
): BerthError {
  const context = { path: ["function"] }
  const finding =
    code === "function.missing"
      ? createFinding(code, { reference }, context)
      : createFinding(code, { reference, expected: `kind://${project}/name:id` }, context)
  return new BerthError("invalid", `invalid executable entity: ${finding.message}`, { issues: [finding] })
}

/** Tasks of one version of a function. */
export async function tasksOf(store: Store, row: EntityRow): Promise<readonly EntityRow[]> {
  const options = { page: 0, size: 1000, versions: "all", functionRef: functionReference(row) } as const
  return (await store.entities.list(row.project, "task", options)).rows
}

/** With `cascade` its runs are asked to end and go. */
export async function removeTask(deps: AppDeps, row: EntityRow, cascade: boolean): Promise<void> {
  if (cascade) await removeRuns(deps, row.project, { taskRef: taskReference(row) })
  await deps.store.entities.remove(row.project, "task", row.id)
}
