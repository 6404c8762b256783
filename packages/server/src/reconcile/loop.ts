import {
  BerthError,
  createFinding,
  type Executor,
  type Finding,
  type Observation,
  type ProjectEnding,
} from "@berth/spec"
import type { AttemptRow, RunRow, Store } from "../store/store.ts"
import { apply } from "./apply.ts"
import { decide } from "./decide.ts"
import { type DecideContext, liveAttempt, sightOf, toRef } from "./decision.ts"
import { createLogPump, type Drained, type LogPump } from "./log-pump.ts"
import { maskText, type Patterns } from "./mask.ts"
import { removeIfEmptied, resumeDeletions } from "./project-deletion.ts"
import { backOffMs, createWorkQueue, type LookAgain, type WorkQueue } from "./queue.ts"
import { hasForeignText, maskObservation, readPatterns } from "./secret-values.ts"
import { createSightings, type Sightings } from "./sightings.ts"
import { sleep } from "./wait.ts"

/** What the reconciler tells the server's log. */
export interface ReconcileLog {
  warn(facts: object, message: string): void
}

export interface ReconcilerOptions {
  readonly store: Store
  readonly executor: Executor & Partial<ProjectEnding>
  readonly log: ReconcileLog
  /** Undefined when nothing goes before the passes now, else resolves when they may begin. */
  readonly turn?: () => Promise<void> | undefined
  now(): Date
  random(): number
  /** Between SIGTERM and SIGKILL. Default 30. */
  readonly graceSeconds?: number
  /** Bytes of log that an attempt keeps. Default 256 MiB. */
  readonly maxLogBytes?: number
}

/** Makes it so: moves every run to where its user wants it, as far as the world allows. */
export interface Reconciler {
  /** Something about the run has changed. */
  wake(project: string, run: string): void
  /** Ends a project that is being deleted and has no run left; nothing happens to any other. */
  endProject(project: string): Promise<void>
  /** Runs that wait for a look or get one now. */
  readonly queueDepth: number
  /** Looks at every run that is not at rest, and at whatever the executor reports from now on. */
  start(): Promise<void>
  /** Finishes the passes under way and ends the pumps; the work outside goes on. */
  close(): Promise<void>
}

const concurrency = 32
/** What is left to do at once, like tidying up, comes after those who wait for the run were told. */
const tidyMs = 20
const resyncMs = 10 * 60_000
const defaultGraceSeconds = 30

interface Parts {
  readonly options: ReconcilerOptions
  readonly sightings: Sightings
  readonly pump: LogPump
  /** Why the last try to start an attempt failed, by uid. */
  readonly startFindings: Map<string, Finding>
}

export function createReconciler(options: ReconcilerOptions): Reconciler {
  const parts: Parts = {
    options,
    sightings: createSightings(),
    startFindings: new Map(),
    pump: createLogPump({
      ...options,
      logs: options.store.logs,
      patterns: (project) => readPatterns(options.store, project),
      onError: (attempt, error) => options.log.warn({ attempt: attempt.uid, err: error }, "log is read again"),
      ...(options.maxLogBytes !== undefined && { maxBytes: options.maxLogBytes }),
    }),
  }
  const queue = createWorkQueue({
    concurrency,
    random: options.random,
    ...(options.turn !== undefined && { turn: options.turn }),
    work: (key) => reconcile(parts, parseKey(key)),
    onError: (key, error, retryMs) => options.log.warn({ run: key, err: error, retryMs }, "run is looked at again"),
  })
  const stop = new AbortController()
  const background: Promise<void>[] = []
  return {
    wake: (project, run) => queue.add(toKey(project, run)),
    endProject: (project) => removeIfEmptied(options, project),
    get queueDepth() {
      return queue.busy
    },
    async start() {
      await resumeOrWarn(options)
      await enqueueLive(options.store, queue)
      background.push(observeForEver(parts, queue, stop.signal), resyncForEver(parts, queue, stop.signal))
    },
    async close() {
      stop.abort()
      await Promise.all([queue.close(), parts.pump.close(), ...background])
    },
  }
}

/** One project that cannot be ended now keeps nothing else back: it is tried again with every resync. */
async function resumeOrWarn(options: ReconcilerOptions): Promise<void> {
  try {
    await resumeDeletions(options, options.now().toISOString())
  } catch (error) {
    options.log.warn({ err: error }, "deletions of projects are taken up again")
  }
}

async function enqueueLive(store: Store, queue: WorkQueue): Promise<void> {
  for (const { project, id } of await store.runs.live()) queue.add(toKey(project, id))
}

async function observeForEver(parts: Parts, queue: WorkQueue, signal: AbortSignal): Promise<void> {
  const { options, sightings } = parts
  for (let failures = 1; !signal.aborted; failures++) {
    sightings.beginListing()
    let announced: Promise<void> | undefined
    try {
      await options.executor.observe(
        (seen) => {
          if (seen === "synced") {
            sightings.endListing()
            failures = 1
            announced = enqueueLive(options.store, queue)
            announced.catch((error) => options.log.warn({ err: error }, "live runs are listed again"))
          } else {
            sightings.note(seen)
            queue.add(toKey(seen.attempt.project, seen.attempt.run))
          }
        },
        { signal },
      )
    } catch (error) {
      if (!signal.aborted) options.log.warn({ err: error }, "executor is observed again")
    }
    await sleep(backOffMs(failures, options.random()), signal)
  }
}

/** A belt to the braces: a look at everything that lives, in case a change was missed. */
async function resyncForEver({ options }: Parts, queue: WorkQueue, signal: AbortSignal): Promise<void> {
  for (;;) {
    await sleep(resyncMs, signal)
    if (signal.aborted) return
    await resumeOrWarn(options)
    try {
      await enqueueLive(options.store, queue)
    } catch (error) {
      options.log.warn({ err: error }, "live runs are listed again")
    }
  }
}

interface RunKey {
  readonly project: string
  readonly id: string
}

/** One pass: read, look, decide, do. */
async function reconcile(parts: Parts, key: RunKey): Promise<LookAgain> {
  const { runs } = parts.options.store
  const row = await runs.get(key.project, key.id)
  // Whatever writes an attempt raises the revision: a row as it was inserted has none.
  const attempts = row === undefined || row.revision === 0 ? [] : await runs.attempts(key.project, key.id)
  await removeStrays(parts, key, attempts)
  if (row === undefined) return undefined
  const current = liveAttempt(attempts)
  // Whether the listing is in is asked first: asked after a look that saw nothing yet, it would make that an absence.
  const context = contextOf(parts, current)
  const observed = current === undefined ? undefined : await lookAt(parts, current)
  const drained =
    current === undefined ? undefined : await readLog(parts, { row, attempts, observed, context }, current)
  const decision = decide(row, attempts, {
    observed,
    context: { ...context, ...(drained && { logTail: drained.tail, logFindings: drained.findings }) },
  })
  const isDone = await applyOrExplain(parts, row, { decision, drained })
  if (!isDone) return 0
  await letGo(parts, decision, attempts)
  if (decision.wakeAt === undefined) return undefined
  return Math.max(tidyMs, decision.wakeAt - parts.options.now().getTime())
}

/** What the executor reports and no row knows belongs to nobody: a crash or a restored database left it behind. */
async function removeStrays(
  { options, sightings }: Parts,
  key: RunKey,
  attempts: readonly AttemptRow[],
): Promise<void> {
  const alive = new Set(attempts.filter(({ removed }) => removed === undefined).map(({ uid }) => uid))
  for (const { attempt, phase } of sightings.ofRun(key.project, key.id)) {
    if (alive.has(attempt.uid)) continue
    if (phase !== "absent") await options.executor.remove(attempt)
    sightings.forget(attempt.uid)
  }
}

/** The last facts about an attempt, without secret values. */
async function lookAt({ options, sightings }: Parts, current: AttemptRow): Promise<Observation | undefined> {
  const observed = sightings.of(current.uid)
  if (observed === undefined || !hasForeignText(observed)) return observed
  return maskObservation(observed, await readPatterns(options.store, current.project))
}

function contextOf({ options, sightings, startFindings }: Parts, current: AttemptRow | undefined): DecideContext {
  const uid = current?.uid ?? ""
  const startFinding = startFindings.get(uid)
  return {
    now: options.now().toISOString(),
    synced: sightings.isListed(uid),
    launched: sightings.isAccepted(uid),
    graceSeconds: options.graceSeconds ?? defaultGraceSeconds,
    ...(startFinding !== undefined && { startFindings: [startFinding] }),
  }
}

/** Follows the log of what runs; of what has ended, reads the rest, so that it is written with the final state. */
async function readLog(
  { pump }: Parts,
  view: Parameters<typeof sightOf>[0],
  current: AttemptRow,
): Promise<Drained | undefined> {
  const sight = sightOf(view, current)
  if (sight === undefined || sight === "never accepted" || sight.phase === "waiting") return undefined
  if (sight.phase === "running") {
    pump.follow(toRef(current), sight.logs)
    return undefined
  }
  if (view.row.desired === "delete") return undefined
  const before = current.observation
  const stored = before !== undefined && "logs" in before ? before.logs : []
  return await pump.drain(toRef(current), sight.phase === "ended" ? sight.logs : stored)
}

/** A start that can never succeed ends the attempt; any other failure is said on the run and tried again. */
async function applyOrExplain(
  { options, sightings, startFindings }: Parts,
  row: RunRow,
  { decision, drained }: { readonly decision: Parameters<typeof apply>[1]; readonly drained: Drained | undefined },
): Promise<boolean> {
  const start = decision.actions.find((action) => action.type === "start")
  const now = options.now().toISOString()
  try {
    const done = await apply(row, decision, {
      ...options,
      now,
      drained,
      accepted: ({ uid }) => {
        sightings.accepted(uid)
        startFindings.delete(uid)
      },
    })
    return done
  } catch (error) {
    if (start === undefined) throw error
    const failure = BerthError.from(error)
    const patterns = await readPatterns(options.store, row.project)
    if (isTerminal(failure)) {
      const exit = { reason: "not_started", finishedAt: now, message: failure.message } as const
      const { uid, project, run, number } = start.attempt
      sightings.note({ attempt: { uid, project, run, number }, at: now, phase: "ended", logs: [], exit })
      return false
    }
    startFindings.set(start.attempt.uid, startFinding(failure.message, patterns))
    throw error
  }
}

function startFinding(message: string, patterns: Patterns): Finding {
  return createFinding("run.start_failed", { message: maskText(message, patterns) })
}

function isTerminal({ code }: BerthError): boolean {
  return code === "invalid" || code === "unsupported"
}

async function letGo(
  { sightings, pump, startFindings }: Parts,
  { actions, attempts }: Parameters<typeof apply>[1],
  before: readonly AttemptRow[],
): Promise<void> {
  const forgotten = actions.some(({ type }) => type === "forget") ? before : []
  const ended = (attempts ?? []).filter((attempt) => attempt.ended !== undefined)
  for (const attempt of [...ended, ...forgotten]) {
    await pump.release(toRef(attempt))
    startFindings.delete(attempt.uid)
  }
  const removed = (attempts ?? []).filter((attempt) => attempt.removed !== undefined)
  for (const attempt of [...removed, ...forgotten]) sightings.forget(attempt.uid)
}

function toKey(project: string, run: string): string {
  return `${project}/${run}`
}

function parseKey(key: string): RunKey {
  const slash = key.indexOf("/")
  return { project: key.slice(0, slash), id: key.slice(slash + 1) }
}
