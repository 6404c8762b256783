import { setImmediate } from "node:timers/promises"
import { createFinding, type JsonObject } from "@berth/spec"
import { gpuCount, leaseGpus } from "./admission.ts"
import { type AttemptRecord, isLive, isWaiting } from "./attempt-record.ts"
import { LaunchBlocked } from "./engine.ts"
import { readLaunchRecord } from "./launch-record.ts"
import { type LauncherOptions, launchAttempt } from "./launcher.ts"
import { gpuTotal, type Machine, toNode } from "./machine-node.ts"
import { findReasons } from "./reasons.ts"

export interface AdmitterOptions {
  readonly launcher: LauncherOptions
  readonly machine: Machine
  readonly objects: (project: string) => Promise<readonly JsonObject[]>
  readonly records: () => readonly AttemptRecord[]
  /** The attempt has other reasons to wait than before. */
  readonly waits: (record: AttemptRecord) => void
  /** The attempt was handed over, given up, or could not be started. */
  readonly launched: (record: AttemptRecord) => Promise<void>
  /** For what no caller waits for. */
  readonly onError: (error: unknown) => void
}

const retryMilliseconds = 5000
/** So many attempts are looked at before others get their turn. */
const sliceLength = 50

/** Starts waiting attempts, oldest first, as soon as nothing stands in their way. */
export class Admitter {
  readonly #options: AdmitterOptions
  readonly #due = new Set<AttemptRecord>()
  readonly #launches = new Set<Promise<void>>()
  #pass: Promise<void> | undefined
  #closed = false
  /** What holds its share of the node, while a slice is looked at and nothing is begun. */
  #live: readonly AttemptRecord[] | undefined

  constructor(options: AdmitterOptions) {
    this.#options = options
  }

  /** Looks at these attempts, or at all that wait. Passes never overlap. */
  wake(records: readonly AttemptRecord[] = this.#options.records()): void {
    for (const record of records) if (isWaiting(record)) this.#due.add(record)
    if (this.#due.size === 0) return
    this.#pass ??= this.#run()
      .catch(this.#options.onError)
      .finally(() => {
        this.#pass = undefined
      })
  }

  /** Starts nothing more; what was not handed over is left for the next server. Resolves when nothing is under way. */
  async close(): Promise<void> {
    this.#closed = true
    for (const record of this.#options.records()) record.launching?.abort.abort()
    while (this.#pass !== undefined || this.#launches.size > 0) await Promise.all([this.#pass, ...this.#launches])
  }

  async #run(): Promise<void> {
    // Wakes of the same turn are looked at together.
    await Promise.resolve()
    while (this.#due.size > 0 && !this.#closed) {
      const batch = [...this.#due].toSorted(byAge)
      this.#due.clear()
      await this.#lookAt(batch)
    }
  }

  async #lookAt(batch: readonly AttemptRecord[]): Promise<void> {
    const projects = new Map<string, Promise<readonly JsonObject[]>>()
    for (const [index, record] of batch.entries()) {
      if (index % sliceLength === 0) this.#live = undefined
      if (index % sliceLength === sliceLength - 1) await setImmediate()
      const { project } = record.attempt
      const objects = projects.get(project) ?? this.#options.objects(project)
      projects.set(project, objects)
      await this.#look(record, await objects)
    }
  }

  async #look(record: AttemptRecord, objects: readonly JsonObject[]): Promise<void> {
    if (!isWaiting(record) || this.#closed || (record.restUntil ?? 0) > Date.now()) return
    const { machine, launcher } = this.#options
    const { secretValues } = launcher
    const live = this.#liveNow().map(({ attempt }) => attempt)
    const reasons = await findReasons({ attempt: record.attempt, live, machine, objects, secretValues })
    if (!isWaiting(record) || this.#closed) return
    record.reasons = reasons
    if (reasons.length === 0) this.#begin(record, objects)
    else this.#options.waits(record)
  }

  /** One that ended since is still in it; its end leads to another look. */
  #liveNow(): readonly AttemptRecord[] {
    this.#live ??= this.#options.records().filter(isLive)
    return this.#live
  }

  #begin(record: AttemptRecord, objects: readonly JsonObject[]): void {
    const { attempt, places } = record
    const abort = new AbortController()
    const total = gpuTotal(toNode(this.#options.machine, objects))
    const gpus = total === 0 ? undefined : leaseGpus(gpuCount(attempt.requirements), total, heldGpus(this.#liveNow()))
    record.gpus = gpus ?? []
    const done = launchAttempt(this.#options.launcher, { attempt, places, objects, gpus, signal: abort.signal })
      .catch((error: unknown) => {
        if (!abort.signal.aborted) rest(record, error)
        record.launching = undefined
      })
      // Until it is seen to run it holds its share as one that is being launched.
      .then(() => this.#options.launched(record))
      .finally(() => {
        record.launching = undefined
        this.#launches.delete(done)
      })
      .catch(this.#options.onError)
    record.launching = { abort, done }
    this.#live = undefined
    this.#launches.add(done)
  }
}

function rest(record: AttemptRecord, error: unknown): void {
  record.restUntil = Date.now() + retryMilliseconds
  const message = error instanceof Error ? error.message : String(error)
  record.reasons = [error instanceof LaunchBlocked ? error.finding : createFinding("run.start_failed", { message })]
}

function byAge(a: AttemptRecord, b: AttemptRecord): number {
  if (a.attempt.queuedAt === b.attempt.queuedAt) return a.attempt.uid < b.attempt.uid ? -1 : 1
  return a.attempt.queuedAt < b.attempt.queuedAt ? -1 : 1
}

/** Devices of everything that runs or is being launched; after a restart as the launch recorded them. */
function heldGpus(live: readonly AttemptRecord[]): readonly number[] {
  return live.flatMap((record) => record.gpus ?? readLaunchRecord(record.places)?.gpus ?? [])
}
