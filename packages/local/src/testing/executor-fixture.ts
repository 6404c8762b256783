import { mkdtempSync, realpathSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { basename, join } from "node:path"
import { setTimeout } from "node:timers/promises"
import type { Attempt, AttemptRef, Exit, JsonObject, Observation, Requirements } from "@berth/spec"
import { createLocalExecutor, type LocalExecutorOptions } from "../create-local-executor.ts"
import type { LocalExecutor } from "../local-executor.ts"

export type FixtureOptions = Partial<Omit<LocalExecutorOptions, "dataDir" | "objects" | "secretValues">> & {
  /** Default: a new folder. */
  readonly data?: string
  readonly objects?: JsonObject[]
  readonly secrets?: Record<string, string>
}

/** An executor on a data folder of its own, and what it was seen to say. */
export class ExecutorFixture {
  readonly data: string
  readonly executor: LocalExecutor
  readonly seen: Observation[] = []
  readonly #options: FixtureOptions
  readonly #abort = new AbortController()
  readonly #waiting = new Set<() => void>()
  #observing: Promise<void> = Promise.resolve()

  constructor(data: string, executor: LocalExecutor, options: FixtureOptions) {
    this.data = data
    this.executor = executor
    this.#options = options
  }

  /** Begins to observe; resolves when everything was told. */
  async observe(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    const sink = (observation: Observation | "synced") => {
      if (observation === "synced") return resolve()
      this.seen.push(observation)
      for (const wake of this.#waiting) wake()
    }
    this.#observing = this.executor.observe(sink, { signal: this.#abort.signal })
    await promise
  }

  /** The latest observation of an attempt, once it satisfies the condition. */
  async until(
    uid: string,
    condition: (observation: Observation) => boolean,
    milliseconds = 15_000,
  ): Promise<Observation> {
    const deadline = Date.now() + milliseconds
    for (;;) {
      const latest = this.seen.findLast(({ attempt }) => attempt.uid === uid)
      if (latest !== undefined && condition(latest)) return latest
      if (Date.now() > deadline) throw new Error(`not seen in ${milliseconds} ms; last: ${JSON.stringify(latest)}`)
      const { promise, resolve } = Promise.withResolvers<void>()
      this.#waiting.add(resolve)
      await Promise.race([promise, setTimeout(200)])
      this.#waiting.delete(resolve)
    }
  }

  async running(uid: string): Promise<Observation> {
    return this.until(uid, ({ phase }) => phase === "running")
  }

  /** The codes of what the attempt waits for, once it waits for something. */
  async waiting(uid: string): Promise<readonly string[]> {
    const last = await this.until(uid, (each) => each.phase === "waiting" && each.reasons.length > 0)
    return last.phase === "waiting" ? last.reasons.map(({ code }) => code) : []
  }

  async ended(uid: string, milliseconds?: number): Promise<Exit> {
    const last = await this.until(uid, ({ phase }) => phase === "ended", milliseconds)
    if (last.phase !== "ended") throw new Error("it was seen to have ended")
    return last.exit
  }

  async log(attempt: AttemptRef, resume?: string): Promise<string> {
    const chunks: Uint8Array[] = []
    const source = { attempt, instance: `local-${attempt.number}`, container: "main" }
    const options = { signal: this.#abort.signal, ...(resume !== undefined && { resume }) }
    for await (const { bytes } of this.executor.logs(source, options)) chunks.push(bytes)
    return Buffer.concat(chunks).toString()
  }

  /** Waits until the log holds the text. */
  async logged(attempt: AttemptRef, text: string): Promise<string> {
    const source = { attempt, instance: `local-${attempt.number}`, container: "main" }
    let all = ""
    for await (const { bytes } of this.executor.logs(source, { signal: this.#abort.signal })) {
      all += Buffer.from(bytes).toString()
      if (all.includes(text)) return all
    }
    throw new Error(`the log ended without ${JSON.stringify(text)}: ${all}`)
  }

  /** Accepts, waits for the end, reads the log. */
  async run(attempt: Attempt): Promise<{ readonly exit: Exit; readonly log: string }> {
    await this.executor.start(attempt)
    const exit = await this.ended(attempt.uid)
    return { exit, log: await this.log(attempt) }
  }

  async close(): Promise<void> {
    this.#abort.abort()
    await this.#observing
    await this.executor.close()
  }

  /** Closes this executor and makes another on the same data folder. */
  async reopen(): Promise<ExecutorFixture> {
    await this.close()
    return createExecutorFixture({ ...this.#options, data: this.data })
  }

  /** Removes every attempt and the folder. */
  async dispose(): Promise<void> {
    const references = new Map(this.seen.map(({ attempt }) => [attempt.uid, attempt]))
    for (const reference of references.values()) await this.executor.remove(reference)
    await this.close()
    rmSync(this.data, { recursive: true, force: true })
  }
}

export async function createExecutorFixture(options: FixtureOptions = {}): Promise<ExecutorFixture> {
  const data = options.data ?? realpathSync(mkdtempSync(join(tmpdir(), "berth-local-")))
  const { objects = [], secrets = {}, data: _data, ...rest } = options
  const executor = await createLocalExecutor({
    instance: basename(data),
    engine: "process",
    ...rest,
    dataDir: data,
    objects: async () => objects,
    secretValues: async (_project, names) =>
      Object.fromEntries(names.flatMap((name) => (secrets[name] === undefined ? [] : [[name, secrets[name]]]))),
  })
  const fixture = new ExecutorFixture(data, executor, options)
  await fixture.observe()
  return fixture
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
    queuedAt: new Date(Date.UTC(2026, 0, 1, 0, 0, count)).toISOString(),
    ...changes,
  }
}

/** An attempt that runs a script of sh. `$$` is written `$$$$`, as for a cluster. */
export function scriptAttempt(script: string, changes: AttemptChanges = {}): Attempt {
  return commandAttempt(["sh", "-c", script], changes)
}
