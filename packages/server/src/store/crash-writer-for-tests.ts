import { openStore, type StoreOptions } from "./open.ts"
import { at, attempt, project, run } from "./rows-for-tests.ts"
import type { RunChange, Store } from "./store.ts"

/** What the store has acknowledged of one run: the revision that it must have at least. */
export interface Acknowledged {
  readonly run: string
  readonly revision: number
}

/** Writes runs through their lives, several at once, until it is killed; says each thing once it was acknowledged. */
export async function writeForever(options: StoreOptions, say: (line: string) => void): Promise<never> {
  const store = await openStore(options)
  await store.projects.insert(project("p"))
  say(JSON.stringify({ run: "", revision: 0 } satisfies Acknowledged))
  let next = 0
  async function live(): Promise<never> {
    for (;;) {
      next += 1
      await liveOnce(store, `${process.pid}-${next}`, (acknowledged) => say(JSON.stringify(acknowledged)))
    }
  }
  return await Promise.race(Array.from({ length: 6 }, live))
}

async function liveOnce(store: Store, id: string, acknowledge: (what: Acknowledged) => void): Promise<void> {
  await store.runs.insert(run(id, { spec: { padding: "x".repeat(2000) } }))
  acknowledge({ run: id, revision: 1 })
  for (const [index, change] of lifeOf(id).entries()) {
    await store.runs.commit({ project: "p", id, at: at(index), revision: index + 1, ...change })
    acknowledge({ run: id, revision: index + 2 })
  }
}

/** Every step writes the run, its attempt and as many bytes of log as its revision has thousands. */
export function lifeOf(id: string): readonly Pick<RunChange, "set" | "attempts" | "logs">[] {
  const stream = { project: "p", run: id, attempt: 1, instance: "i", container: "main" }
  const states = ["PENDING", "RUNNING", "RUNNING", "COMPLETED"] as const
  return states.map((state, index) => ({
    set: { state, message: `${index + 2}` },
    attempts: [attempt(id, 1, { findings: [], started: at(index), ...(state === "COMPLETED" && { ended: at(9) }) })],
    logs: [
      {
        ...stream,
        chunks: [{ offset: 1000 * index, bytes: new Uint8Array(1000).fill(index), lines: [], resume: `${index}` }],
      },
    ],
  }))
}
