import type { ProjectEnding } from "@berth/spec"
import type { Store } from "../store/store.ts"

interface Parts {
  readonly store: Pick<Store, "runs" | "projects">
  readonly executor: Partial<ProjectEnding>
}

const pageSize = 1000

/** Endings under way, by project: one that comes late must not take what a new project of the name has by then. */
const endings = new Map<string, Promise<void>>()

/**
 * With the last run of a project that is being deleted, what the executor keeps for it goes, and then the project:
 * until all is gone nobody can make another one of its name.
 */
export async function removeIfEmptied(parts: Parts, name: string): Promise<void> {
  const before = endings.get(name) ?? Promise.resolve()
  const ending = before
    .catch(() => undefined)
    .then(() => endIfEmptied(parts, name))
    .finally(() => {
      if (endings.get(name) === ending) endings.delete(name)
    })
  endings.set(name, ending)
  await ending
}

async function endIfEmptied({ store: { projects, runs }, executor }: Parts, name: string): Promise<void> {
  const project = await projects.get(name)
  if (project?.deleting !== true) return
  const { total } = await runs.list(name, { page: 0, size: 1 })
  if (total > 0) return
  await executor.forgetProject?.(name)
  await projects.remove(name)
}

/** Takes up deletions of projects that were begun and not ended: every run of theirs has to go, then they do. */
export async function resumeDeletions(parts: Parts, now: string): Promise<void> {
  const { store } = parts
  for (const name of await namesOfDeleted(store)) {
    for (const id of await idsOfRuns(store, name)) await store.runs.setDesired(name, id, "delete", now)
    await removeIfEmptied(parts, name)
  }
}

async function namesOfDeleted({ projects }: Parts["store"]): Promise<readonly string[]> {
  const names: string[] = []
  for (let page = 0; ; page++) {
    const { rows, total } = await projects.list({ page, size: pageSize })
    names.push(...rows.filter(({ deleting }) => deleting).map(({ name }) => name))
    if (rows.length === 0 || (page + 1) * pageSize >= total) return names
  }
}

async function idsOfRuns({ runs }: Parts["store"], project: string): Promise<readonly string[]> {
  const ids: string[] = []
  for (let page = 0; ; page++) {
    const { rows, total } = await runs.list(project, { page, size: pageSize })
    ids.push(...rows.filter(({ desired }) => desired !== "delete").map(({ id }) => id))
    if (rows.length === 0 || (page + 1) * pageSize >= total) return ids
  }
}
