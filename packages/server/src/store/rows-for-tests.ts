import type { Attempt, EntityMetadata } from "@berth/spec"
import type { AttemptRow, EntityRow, ProjectRow, RunRow, SecretRow, Store } from "./store.ts"

/** The n-th second of a day on which everything happens. */
export function at(second: number): string {
  return new Date(Date.UTC(2026, 0, 1) + 1000 * second).toISOString()
}

function metadata(project: string, name: string): EntityMetadata {
  return { project, name, created: at(0), updated: at(0) }
}

export function project(name: string, change: Partial<ProjectRow> = {}): ProjectRow {
  return {
    name,
    user: "ada",
    metadata: metadata(name, name),
    spec: {},
    status: { state: "CREATED" },
    created: at(0),
    updated: at(0),
    deleting: false,
    ...change,
  }
}

export function entity(id: string, change: Partial<EntityRow> = {}): EntityRow {
  return {
    project: "p",
    type: "function",
    id,
    name: "train",
    kind: "python",
    user: "ada",
    metadata: metadata("p", "train"),
    spec: {},
    status: { state: "CREATED" },
    created: at(0),
    updated: at(0),
    ...change,
  }
}

export function run(id: string, change: Partial<RunRow> = {}): RunRow {
  return {
    project: "p",
    id,
    name: id,
    kind: "python+job:run",
    user: "ada",
    taskRef: "python+job://p/t1",
    functionRef: "python://p/train:f1",
    action: "job",
    metadata: metadata("p", id),
    spec: {},
    clientExecuted: false,
    desired: "run",
    state: "READY",
    findings: [],
    status: {},
    created: at(0),
    updated: at(0),
    revision: 1,
    ...change,
  }
}

/** The n-th attempt of a run of project `p`. */
export function attempt(run: string, number: number, change: Partial<AttemptRow> = {}): AttemptRow {
  const uid = `${run}-${number}`
  const started: Attempt = {
    uid,
    project: "p",
    run,
    number,
    function: { name: "train", id: "f1", kind: "container" },
    action: "job",
    program: { kind: "container", command: ["true"], args: [] },
    requirements: {},
    provenance: {},
    inputs: {},
    parameters: {},
    queuedAt: at(0),
  }
  return { uid, project: "p", run, number, attempt: started, created: at(0), ...change }
}

export function secret(name: string, change: Partial<SecretRow> = {}): Omit<SecretRow, "set"> {
  return {
    project: "p",
    id: `id-${name}`,
    name,
    user: "ada",
    metadata: metadata("p", name),
    spec: { path: `secret://${name}`, provider: "kubernetes" },
    created: at(0),
    updated: at(0),
    ...change,
  }
}

/** Project `p` and its runs. */
export async function fill(store: Store, ...runs: readonly RunRow[]): Promise<void> {
  await store.projects.insert(project("p"))
  for (const row of runs) await store.runs.insert(row)
}
