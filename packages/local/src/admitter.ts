import { createFinding, type Finding, type JsonObject } from "@berth/spec"
import { admit, gpuCount, leaseGpus } from "./admission.ts"
import { type AttemptRecord, isLive, isWaiting } from "./attempt-record.ts"
import { LaunchBlocked } from "./engine.ts"
import { readLaunchRecord } from "./launch-record.ts"
import { type LauncherOptions, launchAttempt } from "./launcher.ts"
import { gpuTotal, type Machine, toNode } from "./machine-node.ts"
import { isPortFree, targetPorts } from "./ports.ts"
import { volumeBlockers } from "./volumes/blockers.ts"

export interface AdmitterOptions {
  readonly launcher: LauncherOptions
  readonly machine: Machine
  readonly objects: (project: string) => Promise<readonly JsonObject[]>
  readonly records: () => readonly AttemptRecord[]
  /** Tells that the record changed. */
  readonly changed: (record: AttemptRecord) => Promise<void>
}

const retryMilliseconds = 5000

/** Starts waiting attempts, oldest first, as soon as nothing stands in their way. */
export class Admitter {
  readonly #options: AdmitterOptions
  readonly #due = new Set<AttemptRecord>()
  readonly #launches = new Set<Promise<void>>()
  /** Attempts whose launch failed, and when it is tried again. */
  readonly #resting = new Map<string, number>()
  #pass: Promise<void> | undefined
  #closed = false

  constructor(options: AdmitterOptions) {
    this.#options = options
  }

  /** Looks at these attempts, or at all that wait. Passes never overlap. */
  wake(records: readonly AttemptRecord[] = this.#options.records()): void {
    for (const record of records) this.#due.add(record)
    this.#pass ??= this.#run().finally(() => {
      this.#pass = undefined
    })
  }

  /** Starts nothing more; resolves when nothing is under way. */
  async close(): Promise<void> {
    this.#closed = true
    while (this.#pass !== undefined || this.#launches.size > 0) await Promise.all([this.#pass, ...this.#launches])
  }

  async #run(): Promise<void> {
    // Wakes of the same turn are looked at together.
    await Promise.resolve()
    while (this.#due.size > 0 && !this.#closed) {
      const batch = [...this.#due].filter(isWaiting).toSorted(byAge)
      this.#due.clear()
      for (const record of batch) await this.#look(record)
    }
  }

  async #look(record: AttemptRecord): Promise<void> {
    if ((this.#resting.get(record.attempt.uid) ?? 0) > Date.now()) return
    const objects = await this.#options.objects(record.attempt.project)
    const reasons = await findReasons(this.#options, record, objects)
    if (!isWaiting(record) || this.#closed) return
    record.reasons = reasons
    if (reasons.length === 0) this.#begin(record, objects)
    else await this.#options.changed(record)
  }

  #begin(record: AttemptRecord, objects: readonly JsonObject[]): void {
    const { attempt, places } = record
    const abort = new AbortController()
    const total = gpuTotal(toNode(this.#options.machine, objects))
    const gpus =
      total === 0 ? undefined : leaseGpus(gpuCount(attempt.requirements), total, heldGpus(this.#options.records()))
    record.gpus = gpus ?? []
    const done = launchAttempt(this.#options.launcher, { attempt, places, objects, gpus, signal: abort.signal })
      .catch((error: unknown) => {
        if (!abort.signal.aborted) this.#rest(record, error)
      })
      .finally(() => {
        record.launching = undefined
        this.#launches.delete(done)
        return this.#options.changed(record)
      })
    record.launching = { abort, done }
    this.#launches.add(done)
  }

  #rest(record: AttemptRecord, error: unknown): void {
    this.#resting.set(record.attempt.uid, Date.now() + retryMilliseconds)
    const message = error instanceof Error ? error.message : String(error)
    record.reasons = [error instanceof LaunchBlocked ? error.finding : createFinding("run.start_failed", { message })]
  }
}

function byAge(a: AttemptRecord, b: AttemptRecord): number {
  if (a.attempt.queuedAt === b.attempt.queuedAt) return a.attempt.uid < b.attempt.uid ? -1 : 1
  return a.attempt.queuedAt < b.attempt.queuedAt ? -1 : 1
}

/** Everything an attempt waits for, volumes first: what waits for a volume holds no share of the node. */
export async function findReasons(
  options: Pick<AdmitterOptions, "launcher" | "machine" | "records">,
  record: Pick<AttemptRecord, "attempt">,
  objects: readonly JsonObject[],
): Promise<readonly Finding[]> {
  const { attempt } = record
  const live = options.records().filter((other) => other !== record && isLive(other))
  const fit = admit(
    attempt,
    toNode(options.machine, objects),
    live.map((other) => other.attempt),
  )
  return [
    ...volumeBlockers(attempt, objects),
    ...(await missingSecrets(options.launcher, record)),
    ...(fit.fit === "fits" ? [] : fit.findings),
    ...(await takenPorts(attempt, live)),
  ]
}

async function missingSecrets(
  { secretValues }: LauncherOptions,
  { attempt }: Pick<AttemptRecord, "attempt">,
): Promise<readonly Finding[]> {
  const needed = (attempt.requirements.secrets ?? []).filter(({ optional }) => optional !== true)
  if (needed.length === 0) return []
  const values = await secretValues(
    attempt.project,
    needed.map(({ name }) => name),
  )
  return needed
    .filter(({ name }) => values[name] === undefined)
    .map(({ name }) => {
      const path = attempt.provenance[`secrets.${name}`]?.path ?? attempt.provenance.secrets?.path
      return createFinding("secret.unset", { name }, path === undefined ? {} : { path })
    })
}

async function takenPorts(
  attempt: AttemptRecord["attempt"],
  live: readonly AttemptRecord[],
): Promise<readonly Finding[]> {
  const held = new Set(live.flatMap((other) => targetPorts(other.attempt)))
  const taken = await Promise.all(
    targetPorts(attempt).map(async (port) => (held.has(port) || !(await isPortFree(port)) ? [port] : [])),
  )
  return taken.flat().map((port) => createFinding("port.in_use", { port }))
}

/** Devices of everything that runs or is being launched; after a restart as the launch recorded them. */
function heldGpus(records: readonly AttemptRecord[]): readonly number[] {
  return records.filter(isLive).flatMap((record) => record.gpus ?? readLaunchRecord(record.places)?.gpus ?? [])
}
