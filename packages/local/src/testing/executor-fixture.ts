import { mkdtempSync, realpathSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { basename, join } from "node:path"
import type { Attempt, AttemptRef, Exit, JsonObject, Observation, Requirements } from "@berth/spec"
import { createLocalExecutor, type LocalExecutorOptions } from "../create-local-executor.ts"
import type { LocalExecutor } from "../local-executor.ts"

/** An executor on a data folder of its own, and what it was seen to say. */
export interface ExecutorFixture {
  readonly data: string
  readonly executor: LocalExecutor
  readonly seen: readonly Observation[]
  /** Objects of every project; changed by tests. */
  readonly objects: JsonObject[]
  readonly secrets: Record<string, string>
  /** The latest observation of an attempt that satisfies the condition. */
  until(uid: string, condition: (observation: Observation) => boolean, milliseconds?: number): Promise<Observation>
  ended(uid: string, milliseconds?: number): Promise<Exit>
  log(attempt: AttemptRef): Promise<string>
  /** Accepts, waits for the end, reads the log. */
  run(attempt: Attempt): Promise<{ readonly exit: Exit; readonly log: string }>
  /** Closes this executor and makes another on the same data folder. */
  reopen(): Promise<ExecutorFixture>
  /** Removes every attempt and the folder. */
  dispose(): Promise<void>
}

export type FixtureOptions = Partial<Omit<LocalExecutorOptions, "dataDir" | "objects" | "secretValues">> & {
  readonly data?: string
  readonly objects?: JsonObject[]
  readonly secrets?: Record<string, string>
}

export async function createExecutorFixture(options: FixtureOptions = {}): Promise<ExecutorFixture> {
  const data = options.data ?? realpathSync(mkdtempSync(join(tmpdir(), "berth-local-")))
  const objects = options.objects ?? []
  const secrets = options.secrets ?? {}
  const executor = await createLocalExecutor({
    instance: basename(data),
    engine: "process",
    ...options,
    dataDir: data,
    objects: async () => objects,
    secretValues: async (_project, names) =>
      Object.fromEntries(names.flatMap((name) => (secrets[name] === undefined ? [] : [[name, secrets[name]]]))),
  })
  const seen: Observation[] = []
  const waiters = new Set<() => void>()
  const abort = new AbortController()
  const { promise: synced, resolve } = Promise.withResolvers<void>()
  const observing = executor.observe(
    (observation) => {
      if (observation === "synced") return resolve()
      seen.push(observation)
      for (const wake of waiters) wake()
    },
    { signal: abort.signal },
  )
  await synced
  const close = async () => {
    abort.abort()
    await observing
    await executor.close()
  }
  const until: ExecutorFixture["until"] = async (uid, condition, milliseconds = 15_000) => {
    const latest = () => seen.findLast((observation) => observation.attempt.uid === uid)
    const deadline = Date.now() + milliseconds
    for (;;) {
      const now = latest()
      if (now !== undefined && condition(now)) return now
      const left = deadline - Date.now()
      if (left <= 0) throw new Error(`not seen in ${milliseconds} ms; last: ${JSON.stringify(now)}`)
      await new Promise<void>((wake) => {
        const timer = setTimeout(done, left)
        function done() {
          waiters.delete(done)
          clearTimeout(timer)
          wake()
        }
        waiters.add(done)
      })
    }
  }
  const ended: ExecutorFixture["ended"] = async (uid, milliseconds) => {
    const last = await until(uid, ({ phase }) => phase === "ended", milliseconds)
    if (last.phase !== "ended") throw new Error("unreachable")
    return last.exit
  }
  const log = async (attempt: AttemptRef) => {
    const chunks: Uint8Array[] = []
    const source = { attempt, instance: `local-${attempt.number}`, container: "main" }
    for await (const { bytes } of executor.logs(source, { signal: abort.signal })) chunks.push(bytes)
    return Buffer.concat(chunks).toString()
  }
  return {
    data,
    executor,
    seen,
    objects,
    secrets,
    until,
    ended,
    log,
    async run(attempt) {
      await executor.start(attempt)
      const exit = await ended(attempt.uid)
      return { exit, log: await log(attempt) }
    },
    async reopen() {
      await close()
      return createExecutorFixture({ ...options, data, objects, secrets })
    },
    async dispose() {
      const references = new Map(seen.map(({ attempt }) => [attempt.uid, attempt]))
      for (const reference of references.values()) await executor.remove(reference)
      await close()
      rmSync(data, { recursive: true, force: true })
    },
  }
}

let count = 0

export type AttemptChanges = Partial<Omit<Attempt, "requirements" | "program">> & {
  readonly requirements?: Requirements
}

/** An attempt of a container function that runs these words. */
export function commandAttempt(command: readonly string[], changes: AttemptChanges = {}): Attempt {
  count += 1
  const run = `r${process.pid.toString(36)}${count.toString(36)}`
  return {
    uid: `${run}-1`,
    project: "demo",
    run,
    number: 1,
    function: { name: "f", id: "f1", kind: "container" },
    action: "job",
    program: { kind: "container", command, args: [] },
    requirements: {},
    provenance: {},
    inputs: {},
    parameters: {},
    queuedAt: new Date(2026, 0, 1, 0, 0, count).toISOString(),
    ...changes,
  }
}

/** An attempt that runs a script of sh. */
export function scriptAttempt(script: string, changes: AttemptChanges = {}): Attempt {
  return commandAttempt(["sh", "-c", script], changes)
}
