import type { Store } from "../store/store.ts"

type Parts = Pick<Store, "runs" | "projects">

const pageSize = 1000

/** With the last run of a project that is being deleted, the project goes. */
export async function removeIfEmptied({ projects, runs }: Parts, name: string): Promise<void> {
  const project = await projects.get(name)
  if (project?.deleting !== true) return
  const { total } = await runs.list(name, { page: 0, size: 1 })
  if (total === 0) await projects.remove(name)
}

/** Takes up deletions of projects that an earlier server began: every run of theirs has to go, then they do. */
export async function resumeDeletions(store: Parts, now: string): Promise<void> {
  for (const name of await namesOfDeleted(store)) {
    for (const id of await idsOfRuns(store, name)) await store.runs.setDesired(name, id, "delete", now)
    await removeIfEmptied(store, name)
  }
}

async function namesOfDeleted({ projects }: Parts): Promise<readonly string[]> {
  const names: string[] = []
  for (let page = 0; ; page++) {
    const { rows, total } = await projects.list({ page, size: pageSize })
    names.push(...rows.filter(({ deleting }) => deleting).map(({ name }) => name))
    if (rows.length === 0 || (page + 1) * pageSize >= total) return names
  }
}

async function idsOfRuns({ runs }: Parts, project: string): Promise<readonly string[]> {
  const ids: string[] = []
  for (let page = 0; ; page++) {
    const { rows, total } = await runs.list(project, { page, size: pageSize })
    ids.push(...rows.filter(({ desired }) => desired !== "delete").map(({ id }) => id))
    if (rows.length === 0 || (page + 1) * pageSize >= total) return ids
  }
}
