import {
  BerthError,
  canResume,
  canStop,
  canTransition,
  type EntityChange,
  isJsonObject,
  type Json,
  type JsonObject,
  type RunEntity,
  type RunEvent,
  type RunState,
  runStates,
} from "@berth/spec"
import type { RunChange, RunRow, Store } from "../store/store.ts"
import type { AppDeps } from "./deps.ts"
import { changeMetadata, checkBodyProject, notFound } from "./envelope.ts"
import type { Handlers } from "./handlers.ts"
import { toKindFilter, toListOptions, toPage } from "./page.ts"
import { requireProject } from "./projects.ts"
import { readRunEntity, toRun } from "./run-answer.ts"
import { removeRun } from "./run-removal.ts"
import { planRun, submitRun } from "./submit.ts"

type RunHandlers = Pick<
  Handlers,
  "listRuns" | "createRun" | "readRun" | "updateRun" | "deleteRun" | "actOnRun" | "planRun"
>

/** Runs: HTTP records what is wanted, the reconciler makes it so. */
export function runHandlers(deps: AppDeps): RunHandlers {
  const { store } = deps
  return {
    async listRuns({ params, query }) {
      await requireProject(store, params.project)
      const options = toListOptions(query)
      const rows = await store.runs.list(params.project, {
        ...options,
        ...toKindFilter(query.kind),
        ...(query.state !== undefined && { state: query.state }),
        ...(query.task !== undefined && { taskRef: query.task }),
        ...(query.function !== undefined && { functionRef: query.function }),
        ...(query.action !== undefined && { action: query.action }),
        ...(query.name !== undefined && { name: query.name }),
      })
      return toPage(rows, options, (row) => toRun(row))
    },
    async createRun({ params, query, body, principal }) {
      const project = await requireProject(store, params.project)
      const at = deps.now().toISOString()
      const request = { project, body, strict: query.strict, id: body.id ?? deps.newId(), at }
      return toRun(await submitRun(deps, request, principal), { transitions: [], attempts: [] })
    },
    readRun: async ({ params }) => readRunEntity(store, await requireRun(store, params.project, params.id)),
    async updateRun({ params, body, principal }) {
      return readRunEntity(store, await updateRun(deps, { ...params, body, user: principal.name }))
    },
    async deleteRun({ params }) {
      return toRun(await removeRun(deps, await requireRun(store, params.project, params.id)))
    },
    async actOnRun({ params }) {
      return act(deps, await requireRun(store, params.project, params.id), params.event)
    },
    async planRun({ params, query, body }) {
      const project = await requireProject(store, params.project)
      const at = deps.now().toISOString()
      return planRun(deps, { project, body, strict: query.strict, id: body.id ?? deps.newId(), at })
    },
  }
}

/** @throws BerthError `not_found` */
export async function requireRun(store: Store, project: string, id: string): Promise<RunRow> {
  const row = await store.runs.get(project, id)
  if (row === undefined) throw notFound("run", id)
  return row
}

/** What is not possible changes nothing; the answer says why, as an error would stop DigitalHub's clients. */
async function act(deps: AppDeps, row: RunRow, event: RunEvent): Promise<RunEntity> {
  const { store } = deps
  const refusal = refusalOf(row, event)
  if (refusal !== undefined) return readRunEntity(store, { ...row, message: refusal })
  if (event === "delete") return toRun(await removeRun(deps, row))
  if (row.clientExecuted) return readRunEntity(store, await stopRecord(deps, row))
  const desired = event === "resume" ? "run" : "stop"
  const marked = await store.runs.setDesired(row.project, row.id, desired, deps.now().toISOString())
  deps.wake(row.project, row.id)
  return readRunEntity(store, marked ?? row)
}

function refusalOf(row: RunRow, event: RunEvent): string | undefined {
  const because = `the run is ${row.state}`
  if (event === "delete") return undefined
  if (row.desired === "delete") return `Nothing was changed: the run is being deleted.`
  if (event === "stop") return canStop(row.state) ? undefined : `Nothing was stopped: ${because}.`
  if (event === "resume") {
    if (canResume(row.state, row.action) && !row.clientExecuted) return undefined
    return `Nothing was resumed: ${because}; only a STOPPED run of serve or deploy can go on.`
  }
  return `Nothing was changed: the POST of a run builds and starts it; ${because}.`
}

/** There is no process to end: the record is all there is. */
function stopRecord(deps: AppDeps, row: RunRow): Promise<RunRow> {
  const at = deps.now().toISOString()
  return commit(deps, row, () => ({ state: "STOPPED", updated: at, finished: at }))
}

interface Update {
  readonly project: string
  readonly id: string
  readonly body: EntityChange
  readonly user: string
}

async function updateRun(deps: AppDeps, { project, id, body, user }: Update): Promise<RunRow> {
  checkBodyProject(project, body)
  const at = deps.now().toISOString()
  return commit(deps, await requireRun(deps.store, project, id), (row) => ({
    metadata: changeMetadata(row.metadata, body.metadata, { user, at }),
    ...(body.spec !== undefined && row.state === "CREATED" && { spec: body.spec }),
    ...(body.extensions !== undefined && { extensions: body.extensions }),
    ...mergeStatus(row, body.status ?? {}, at),
    updated: at,
  }))
}

/** Writes what a change makes of the newest row, as often as somebody else was faster. */
async function commit(
  { store }: AppDeps,
  first: RunRow,
  change: (row: RunRow) => NonNullable<RunChange["set"]>,
): Promise<RunRow> {
  let row = first
  for (let tries = 0; tries < 20; tries += 1) {
    const set = change(row)
    const { project, id, revision } = row
    if (await store.runs.commit({ project, id, revision, set, at: set.updated ?? row.updated })) {
      return requireRun(store, project, id)
    }
    row = await requireRun(store, project, id)
  }
  throw new BerthError("unavailable", `The run ${first.id} changes too fast to be updated now. Try again.`)
}

/** Members of a status that only the server writes. */
const ownMembers: ReadonlySet<string> = new Set([
  "state",
  "message",
  "transitions",
  "findings",
  "reason",
  "resolved",
  "attempts",
  "service",
  "results",
  "k8s",
  "pods",
  "events",
])

/** A client's results and outputs are kept; its state and message only where the client executes the run. */
function mergeStatus(row: RunRow, sent: JsonObject, at: string): NonNullable<RunChange["set"]> {
  const kept = Object.entries(sent).filter(([member, value]) => !ownMembers.has(member) && value !== null)
  const { results, message } = sent
  return {
    status: { ...row.status, ...Object.fromEntries(kept) },
    ...(isJsonObject(results) && { results: { ...row.results, ...results } }),
    ...(row.clientExecuted && typeof message === "string" && { message }),
    ...(row.clientExecuted && moveState(row, sent.state, at)),
  }
}

function isRunState(value: Json | undefined): value is RunState {
  return runStates.some((state) => state === value)
}

function moveState(row: RunRow, state: Json | undefined, at: string): NonNullable<RunChange["set"]> {
  if (!isRunState(state) || !canMove(row, state)) return {}
  return {
    state,
    ...(state === "RUNNING" && row.started === undefined && { started: at }),
    ...((state === "COMPLETED" || state === "ERROR" || state === "STOPPED") && { finished: at }),
  }
}

/** Deletion has an endpoint of its own, and resuming is the server's. */
function canMove(row: RunRow, state: RunState): boolean {
  if (state === "DELETING" || state === "DELETED" || state === "RESUME") return false
  return canTransition(row.state, state, row.action)
}
