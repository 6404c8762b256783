import { functionMembers } from "../members.ts"
import type { EntityRow } from "../store/store.ts"
import type { AppDeps } from "./deps.ts"
import { createEntity, listEntities, readEntity, toTask, updateEntity } from "./entities.ts"
import { missingSpec, toEntity } from "./envelope.ts"
import type { Handlers } from "./handlers.ts"
import { isFunctionKind, noSuchKind } from "./kinds.ts"
import { toListOptions, toPage } from "./page.ts"
import { requireProject } from "./projects.ts"
import { functionReference } from "./reference.ts"
import { removeRuns } from "./run-removal.ts"
import { checkStrictSpec } from "./strict-spec.ts"
import { removeTask, tasksOf } from "./tasks.ts"

type FunctionHandlers = Pick<
  Handlers,
  | "listFunctions"
  | "createFunction"
  | "readFunction"
  | "updateFunction"
  | "deleteFunction"
  | "deleteFunctions"
  | "listFunctionTasks"
>

/** Functions: named, versioned, their spec never changes. */
export function functionHandlers(deps: AppDeps): FunctionHandlers {
  const { store } = deps
  return {
    async listFunctions({ params, query }) {
      await requireProject(store, params.project)
      const options = toListOptions(query)
      const rows = await listEntities(store, { project: params.project, type: "function" }, { ...query, options })
      return toPage(rows, options, toEntity)
    },
    async createFunction({ params, query, body, principal }) {
      await requireProject(store, params.project)
      if (!isFunctionKind(body.kind)) throw noSuchKind(body.kind)
      if (body.spec === undefined) throw missingSpec()
      checkStrictSpec(body, query.strict, functionMembers[body.kind])
      const owner = { project: params.project, type: "function", user: principal.name } as const
      return toEntity(await createEntity(deps, { ...body, spec: body.spec }, owner))
    },
    readFunction: async ({ params }) => toEntity(await readEntity(store, { ...params, type: "function" })),
    async updateFunction({ params, body, principal }) {
      const row = await readEntity(store, { ...params, type: "function" })
      return toEntity(await updateEntity(deps, row, { body, user: principal.name }))
    },
    async deleteFunction({ params, query }) {
      const row = await readEntity(store, { ...params, type: "function" })
      await removeFunction(deps, row, query.cascade === true)
    },
    async deleteFunctions({ params, query }) {
      await requireProject(store, params.project)
      const { rows } = await store.entities.list(params.project, "function", {
        page: 0,
        size: 1000,
        name: query.name,
        versions: "all",
      })
      for (const row of rows) await removeFunction(deps, row, query.cascade === true)
    },
    async listFunctionTasks({ params }) {
      const row = await readEntity(store, { ...params, type: "function" })
      return (await tasksOf(store, row)).map(toTask)
    },
  }
}

/** With `cascade` its tasks and their runs go first. */
async function removeFunction(deps: AppDeps, row: EntityRow, cascade: boolean): Promise<void> {
  if (cascade) {
    for (const task of await tasksOf(deps.store, row)) await removeTask(deps, task, true)
    await removeRunsOf(deps, row)
  }
  await deps.store.entities.remove(row.project, "function", row.id)
}

/** Runs that name the function without a task of it. */
async function removeRunsOf(deps: AppDeps, row: EntityRow): Promise<void> {
  await removeRuns(deps, row.project, { functionRef: functionReference(row) })
}
