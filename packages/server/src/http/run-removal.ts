import type { RunRow } from "../store/store.ts"
import type { AppDeps } from "./deps.ts"

const pageSize = 1000

/** Asks for the removal of a run: the reconciler ends and removes it; one that a client executes has nothing to end. */
export async function removeRun(deps: AppDeps, row: RunRow): Promise<RunRow> {
  const at = deps.now().toISOString()
  if (row.clientExecuted) {
    await deps.store.runs.remove(row.project, row.id, at)
    return { ...row, desired: "delete" }
  }
  const marked = await deps.store.runs.setDesired(row.project, row.id, "delete", at)
  deps.wake(row.project, row.id)
  return marked ?? { ...row, desired: "delete" }
}

/** Asks for the removal of every run of a project, or of a task of it. */
export async function removeRuns(
  deps: AppDeps,
  project: string,
  filter: { readonly taskRef?: string; readonly functionRef?: string } = {},
): Promise<void> {
  for (const row of await readRuns(deps, project, filter)) await removeRun(deps, row)
}

/** All of them are read before the first is touched: removal moves the pages. */
async function readRuns(
  { store }: AppDeps,
  project: string,
  filter: { readonly taskRef?: string; readonly functionRef?: string },
): Promise<readonly RunRow[]> {
  const found: RunRow[] = []
  for (let page = 0; ; page += 1) {
    const options = { ...filter, page, size: pageSize, sort: [{ field: "id", descending: false }] } as const
    const { rows, total } = await store.runs.list(project, options)
    found.push(...rows)
    if (rows.length === 0 || found.length >= total) return found
  }
}
