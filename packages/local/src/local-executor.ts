import { setTimeout } from "node:timers/promises"
import type {
  Attempt,
  AttemptRef,
  Cancelable,
  Cursor,
  Executor,
  Finding,
  Fix,
  Inventory,
  JsonObject,
  LogChunk,
  LogSource,
  Observation,
  Parity,
  PlanRequest,
  ProjectEnding,
  Verdict,
} from "@berth/spec"
import { toInventoryNode } from "./admission.ts"
import { Admitter } from "./admitter.ts"
import { givenUp, giveUp } from "./attempt-files.ts"
import { type AttemptRecord, isLive, isWaiting } from "./attempt-record.ts"
import type { AttemptTable } from "./attempt-table.ts"
import type { Engine } from "./engine.ts"
import type { LauncherOptions } from "./launcher.ts"
import { type Machine, toNode } from "./machine-node.ts"
import { namesOf } from "./objects.ts"
import { createObservers, type Observers } from "./observers.ts"
import { placementParity } from "./parity.ts"
import { placesOf } from "./places.ts"
import { isAnswering, targetPorts } from "./ports.ts"
import { findReasons, waitsForRoomAlone } from "./reasons.ts"
import { removeManagedClaims, removeProjectClaims } from "./volumes/claim.ts"

export interface LocalExecutor extends Executor, ProjectEnding {
  readonly name: "local"
  /** Looks at every attempt afresh: objects have changed, what waited may start. */
  rescan(): Promise<void>
  /** Stops watching. What runs goes on. */
  close(): Promise<void>
}

export interface LocalExecutorParts {
  /** The data folder, as a real path. */
  readonly data: string
  readonly engine: Engine
  /** What is on disk. */
  readonly table: AttemptTable
  readonly machine: Machine
  readonly launcher: LauncherOptions
  readonly objects: (project: string) => Promise<readonly JsonObject[]>
  readonly now: () => Date
  /** For what no caller waits for. */
  readonly onError: (error: unknown) => void
}

/** What lives, and what waits for more than room, is looked at this often, whether or not a change was noticed. */
const rescanMilliseconds = 2000
/** Of these looks, one in so many is at everything that waits. */
const fullLookTicks = 30

/** The executor port on one machine. What matters is on disk; this is what watches it. */
export class MachineExecutor implements LocalExecutor {
  readonly name = "local"
  readonly #parts: LocalExecutorParts
  readonly #table: AttemptTable
  readonly #observers: Observers
  readonly #admitter: Admitter
  readonly #watch: Disposable
  readonly #timer: NodeJS.Timeout
  #closed = false
  #ticks = 0
  readonly #reading = new Map<string, Promise<void>>()

  constructor(parts: LocalExecutorParts) {
    const { table, engine, machine, launcher, objects, now } = parts
    this.#parts = parts
    this.#table = table
    this.#observers = createObservers({ node: () => machine.name, now })
    this.#admitter = new Admitter({
      launcher,
      machine,
      objects,
      records: () => this.#table.all(),
      waits: (record) => this.#observers.publish(record),
      launched: (record) => this.#read(record),
      onError: parts.onError,
    })
    this.#watch = engine.watch((uid) => this.#noticed(uid))
    this.#timer = setInterval(() => this.#lookAgain().catch(parts.onError), rescanMilliseconds).unref()
  }

  /** What waits for room alone is looked at when there is some; rarely also without, as nothing depends on one wake. */
  async #lookAgain(): Promise<void> {
    this.#ticks += 1
    const isFull = this.#ticks % fullLookTicks === 0
    await this.#readAll(isLive)
    this.#admitter.wake(this.#table.all().filter((record) => isFull || !waitsForRoomAlone(record.reasons)))
  }

  async rescan(): Promise<void> {
    for (const record of this.#table.all().filter(isWaiting)) record.parity = []
    await this.#rescan()
  }

  /** Reads attempts afresh and starts what can start. */
  async #rescan(): Promise<void> {
    await this.#readAll(isUnfinished)
    this.#admitter.wake()
  }

  async #readAll(wanted: (record: AttemptRecord) => boolean): Promise<void> {
    const records = this.#table.all().filter(wanted)
    await Promise.all(records.map((record) => this.#read(record)))
  }

  async start(attempt: Attempt): Promise<void> {
    const { record, isNew } = this.#table.accept(attempt)
    if (!isNew) return
    // There is nothing to read yet, and nothing to say before it is known whether it has to wait.
    record.parity = await this.#parity(attempt)
    this.#admitter.wake([record])
  }

  async stop(reference: AttemptRef, options: { readonly graceSeconds: number }): Promise<void> {
    const record = this.#table.get(reference.uid)
    if (record === undefined || record.state.phase === "ended") return
    record.launching?.abort.abort()
    const unstarted = record.state.phase === "unstarted"
    if (!unstarted || !giveUp(record.places, { reason: "stopped", message: "Stopped before it was started." })) {
      await this.#parts.engine.stop(record.places, options.graceSeconds)
    }
    await this.#read(record)
  }

  async remove(reference: AttemptRef, options?: { readonly keepClaims?: boolean }): Promise<void> {
    const { data, engine } = this.#parts
    const record = this.#table.get(reference.uid)
    const wasLive = record !== undefined && isLive(record)
    record?.launching?.abort.abort()
    await record?.launching?.done
    await engine.remove(placesOf(data, reference.uid))
    this.#table.forget(reference.uid)
    const isRun = ({ attempt }: AttemptRecord) => attempt.run === reference.run && attempt.project === reference.project
    if (options?.keepClaims !== true && !this.#table.all().some(isRun)) removeManagedClaims(data, reference)
    this.#observers.absent(reference)
    if (wasLive) this.#admitter.wake()
  }

  async forgetProject(project: string): Promise<void> {
    removeProjectClaims(this.#parts.data, project)
  }

  async observe(sink: (observation: Observation | "synced") => void, options: Cancelable): Promise<void> {
    await this.#rescan()
    await this.#observers.listen(sink, this.#table.all(), options)
  }

  logs(source: LogSource, options: { readonly resume?: Cursor } & Cancelable): AsyncIterable<LogChunk> {
    return this.#parts.engine.logs(placesOf(this.#parts.data, source.attempt.uid), options)
  }

  async plan({ attempt }: PlanRequest, _options: Cancelable): Promise<Verdict> {
    const objects = await this.#parts.objects(attempt.project)
    const findings = [...(await this.#parts.engine.refusals(attempt)), ...(await this.#reasons({ attempt }, objects))]
    const parity = await this.#parity(attempt)
    return { verdict: toVerdict(findings), findings, fixes: toFixes(findings), parity }
  }

  async explain(reference: AttemptRef, _options: Cancelable): Promise<readonly Finding[]> {
    const record = this.#table.get(reference.uid)
    if (record === undefined) return []
    if (!isWaiting(record)) return record.reasons
    const reasons = await this.#reasons(record, await this.#parts.objects(record.attempt.project))
    // What only a launch finds out stands in the way until the next one is tried.
    return reasons.length === 0 && (record.restUntil ?? 0) > Date.now() ? record.reasons : reasons
  }

  async inventory(project: string, _options: Cancelable): Promise<Inventory> {
    const objects = await this.#parts.objects(project)
    const live = this.#table.all().filter(isLive)
    const node = toInventoryNode(
      toNode(this.#parts.machine, objects),
      live.map(({ attempt }) => attempt),
    )
    return {
      nodes: [node],
      claims: namesOf(objects, "PersistentVolumeClaim"),
      configMaps: namesOf(objects, "ConfigMap"),
      secrets: namesOf(objects, "Secret"),
      gpuTypes: Object.keys(node.allocatable).filter((name) => name.includes("/")),
      capabilities: await this.#parts.engine.capabilities(),
    }
  }

  #reasons(record: Pick<AttemptRecord, "attempt">, objects: readonly JsonObject[]): Promise<readonly Finding[]> {
    const { launcher, machine } = this.#parts
    const live = this.#table.all().filter((other) => other !== record && isLive(other))
    const { secretValues } = launcher
    return findReasons({ ...record, live: live.map((other) => other.attempt), machine, objects, secretValues })
  }

  async #parity(attempt: Attempt): Promise<readonly Parity[]> {
    const node = toNode(this.#parts.machine, await this.#parts.objects(attempt.project))
    return [...(await this.#parts.engine.parity(attempt)), ...placementParity(attempt, node.given)]
  }

  #noticed(uid: string): void {
    const record = this.#table.get(uid)
    if (record !== undefined) this.#read(record).catch(this.#parts.onError)
  }

  /** Reads one attempt afresh; reads of the same attempt follow each other. */
  #read(record: AttemptRecord): Promise<void> {
    const { uid } = record.attempt
    const before = this.#reading.get(uid) ?? Promise.resolve()
    const reading = before
      .then(() => this.#readNow(record))
      .finally(() => {
        if (this.#reading.get(uid) === reading) this.#reading.delete(uid)
      })
    this.#reading.set(uid, reading)
    return reading
  }

  async #readNow(record: AttemptRecord): Promise<void> {
    if (record.state.phase === "ended") return
    if (record.parity.length === 0 || record.launching !== undefined) record.parity = await this.#parity(record.attempt)
    const state = givenUp(record.places) ?? (await this.#parts.engine.state(record.places))
    if (this.#table.get(record.attempt.uid) !== record) return
    if (record.state.phase === "unstarted" && state.phase === "running") {
      record.reasons = []
      this.#awaitService(record).catch(this.#parts.onError)
    }
    const wasLive = isLive(record)
    record.state = state
    this.#observers.publish(record)
    if (state.phase === "ended" && wasLive) this.#admitter.wake()
  }

  /** A service is there once its port answers. */
  async #awaitService(record: AttemptRecord): Promise<void> {
    const port = targetPorts(record.attempt)[0]
    if (port === undefined) return
    for (let wait = 20; !this.#closed; wait = Math.min(wait * 2, 1000)) {
      await setTimeout(wait, undefined, { ref: false })
      if (record.state.phase !== "running") return
      if (await isAnswering(port)) break
    }
    if (record.state.phase !== "running" || this.#closed) return
    record.service = { url: `127.0.0.1:${port}`, ports: record.attempt.requirements.servicePorts ?? [] }
    this.#observers.publish(record)
  }

  async close(): Promise<void> {
    this.#closed = true
    clearInterval(this.#timer)
    this.#watch[Symbol.dispose]()
    await this.#admitter.close()
    await Promise.all(this.#reading.values())
  }
}

function isUnfinished(record: AttemptRecord): boolean {
  return record.state.phase !== "ended"
}

/** What no waiting helps against, as long as the request and the node stay as they are. */
const neverCodes: ReadonlySet<string> = new Set([
  "resources.exceed_node",
  "gpu.none",
  "placement.selector.no_match",
  "placement.affinity.no_match",
  "placement.taint.untolerated",
  "program.missing",
  "action.unsupported",
])

function toVerdict(findings: readonly Finding[]): Verdict["verdict"] {
  if (findings.length === 0) return "now"
  return findings.some(({ code }) => neverCodes.has(code)) ? "never" : "waits"
}

/** The changes that the findings themselves propose. */
function toFixes(findings: readonly Finding[]): readonly Fix[] {
  return findings.flatMap(({ fix, message, hint }) =>
    fix === undefined ? [] : [{ title: hint ?? message, patch: fix }],
  )
}
