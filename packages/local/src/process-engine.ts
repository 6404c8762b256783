import { existsSync, mkdirSync, readdirSync, rmSync, watch, writeFileSync } from "node:fs"
import { join } from "node:path"
import { setTimeout } from "node:timers/promises"
import { type Attempt, createFinding, type Finding, type Parity } from "@berth/spec"
import { type AttemptFiles, giveUp, readAttemptFiles, readText, writeEnding } from "./attempt-files.ts"
import { type Engine, type EngineState, type Launch, LaunchRefused } from "./engine.ts"
import { toExit } from "./exit-facts.ts"
import { createGuards } from "./guards.ts"
import { toOddVariables } from "./hand-over.ts"
import type { Isolation } from "./isolation/isolation.ts"
import { readLaunchRecord, toLaunchRecord, writeLaunchRecord, writeWhole } from "./launch-record.ts"
import { toLaunchText } from "./launch-text.ts"
import type { LimitMechanism } from "./limits/mechanism.ts"
import { tailFile } from "./log-tail.ts"
import { eventsFolder, type Places } from "./places.ts"
import { hasCode, isAlive, signalProcess } from "./process-id.ts"
import { killRemains } from "./remains.ts"
import { readResultFile } from "./result-file.ts"
import { spawnSupervisor } from "./spawn-supervisor.ts"
import type { Tools } from "./tools.ts"

export interface ProcessEngineOptions {
  readonly data: string
  readonly tools: Tools
  readonly isolation: Isolation
  readonly limits: LimitMechanism
  /** A folder that is memory, for what the supervisor is told. */
  readonly memory: string | undefined
  readonly now: () => Date
  readonly parity: (attempt: Attempt) => readonly Parity[]
  readonly capabilities: () => readonly Parity[]
}

/** Runs programs of this machine, each under a detached supervisor. */
export function createProcessEngine(options: ProcessEngineOptions): Engine {
  const { now } = options
  const guards = createGuards(options.limits)
  return {
    name: "process",
    mounts: () => options.isolation.namespaces,
    parity: async (attempt) => options.parity(attempt),
    capabilities: async () => options.capabilities(),
    refusals: async (attempt) => refusalsOf(attempt),
    launch: (launch) => launchProcess(options, launch),
    async state(places) {
      const state = await readState(options, places)
      if (state.phase === "running") guards.add(places)
      else guards.drop(places.uid)
      return state
    },
    stop: async (places, graceSeconds) => stopProcess(places, graceSeconds),
    remove: (places) => {
      guards.drop(places.uid)
      return removeProcess(options, places)
    },
    logs: (places, { resume, signal }) =>
      tailFile(places.log, {
        ...(resume !== undefined && { resume }),
        signal,
        now,
        ended: () => readAttemptFiles(places).exit !== undefined,
      }),
    watch(changed) {
      const events = watchEvents(options.data, changed)
      guards.onLoss(changed)
      return {
        [Symbol.dispose]() {
          events[Symbol.dispose]()
          guards.close()
        },
      }
    },
  }
}

/** Without an engine that knows images, a container function has to say what to run. */
function refusalsOf({ program, provenance, action }: Attempt): readonly Finding[] {
  if (action === "build") return [createFinding("action.unsupported", { action, executor: "local" })]
  if (program.kind !== "container" || (program.command ?? []).length > 0) return []
  const path = provenance.command?.path
  return [
    createFinding("program.missing", { kind: "container", member: "a command" }, path === undefined ? {} : { path }),
  ]
}

async function launchProcess(options: ProcessEngineOptions, launch: Launch): Promise<void> {
  const { places } = launch
  if (readAttemptFiles(places).started !== undefined) return
  const [refusal] = refusalsOf(launch.attempt)
  if (refusal !== undefined) throw new LaunchRefused(refusal.message)
  writeLaunchRecord(places, toLaunchRecord(launch))
  writeFileSync(places.log, "", { flag: "a", mode: 0o600 })
  const limits = options.limits.create(places.uid, { ...launch.limits, contain: !options.isolation.namespaces })
  await spawnSupervisor({
    places,
    sh: options.tools.sh,
    path: options.tools.path,
    text: toLaunchText({ launch, isolation: options.isolation, limits, tools: options.tools }),
    oddVariables: toOddVariables(launch.environment),
    memory: options.memory,
  })
}

/** A supervisor that could not yet write its number is given this long. */
const youngMilliseconds = 5000

async function readState(options: ProcessEngineOptions, places: Places): Promise<EngineState> {
  const before = readAttemptFiles(places)
  if (before.started === undefined) return { phase: "unstarted" }
  if (before.exit === undefined && !isSupervised(before, options.now())) return afterLoss(options, places)
  if (before.exit === undefined) return { phase: "running", startedAt: before.started.at }
  // Nothing but a namespace holds what a program started; the end is read once.
  if (!options.isolation.namespaces) killRemains(places, options.limits)
  return toEnded(places, { ...before, exit: before.exit })
}

function isSupervised(files: AttemptFiles, now: Date): boolean {
  if (files.started?.supervisor !== undefined) return isAlive(files.started.supervisor)
  return files.started !== undefined && now.getTime() - Date.parse(files.started.at) < youngMilliseconds
}

/** The supervisor is gone. It may have written the end in its last moment; otherwise what it left is ended here. */
function afterLoss(options: ProcessEngineOptions, places: Places): Promise<EngineState> {
  const files = readAttemptFiles(places)
  if (files.exit !== undefined) return toEnded(places, { ...files, exit: files.exit })
  killRemains(places, options.limits)
  writeEnding(places, {
    reason: "lost",
    message: "The supervisor of the program was lost: it was killed, or the machine was restarted.",
  })
  return readState(options, places)
}

async function toEnded(
  places: Places,
  files: AttemptFiles & Required<Pick<AttemptFiles, "exit">>,
): Promise<EngineState> {
  const record = readLaunchRecord(places)
  const result = await readResultFile(places.resultFile)
  const limit = record?.memoryLimitBytes
  const exit = toExit(files, {
    program: record?.program ?? "",
    setup: readText(join(places.attempt, "setup"))?.trim().slice(-2000) ?? "",
    ...(limit !== undefined && { memoryLimitBytes: limit }),
    ...(result !== undefined && { result: { result } }),
  })
  return { phase: "ended", ...(files.begun && files.started && { startedAt: files.started.at }), exit }
}

/** The supervisor forwards SIGTERM and enforces the grace by itself. */
function stopProcess(places: Places, graceSeconds: number): void {
  if (giveUp(places, { reason: "stopped", message: "Stopped before it was started." })) return
  if (readAttemptFiles(places).exit !== undefined) return
  writeWhole(join(places.attempt, "stop"), `${Math.max(0, graceSeconds)}\n`)
  // Read after the request is there: a supervisor whose number is still missing sees the request itself.
  const files = readAttemptFiles(places)
  if (files.started?.supervisor !== undefined) signalProcess(files.started.supervisor, "SIGTERM")
}

async function removeProcess(options: ProcessEngineOptions, places: Places): Promise<void> {
  const files = readAttemptFiles(places)
  if (!existsSync(places.attempt)) {
    options.limits.remove(places.uid)
    rmSync(places.event, { force: true })
    return
  }
  if (files.started === undefined) giveUp(places, { reason: "stopped", message: "Removed before it was started." })
  else if (files.exit === undefined) await endNow(places)
  if (files.exit === undefined || !options.isolation.namespaces) killRemains(places, options.limits)
  else options.limits.remove(places.uid)
  for (const folder of readLaunchRecord(places)?.transient ?? []) rmSync(folder, { recursive: true, force: true })
  rmSync(places.event, { force: true })
}

const endMilliseconds = 3000

/** Kills through the supervisor, so that it can tidy up, and waits for it. */
async function endNow(places: Places): Promise<void> {
  const supervisor = readAttemptFiles(places).started?.supervisor
  if (supervisor === undefined) return
  signalProcess(supervisor, "SIGUSR1")
  const deadline = Date.now() + endMilliseconds
  while (isAlive(supervisor) && Date.now() < deadline) await setTimeout(5)
  signalProcess(supervisor, "SIGKILL")
}

function watchEvents(data: string, changed: (uid: string) => void): Disposable {
  const folder = eventsFolder(data)
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  try {
    const watcher = watch(folder, { persistent: false }, (_event, name) => {
      if (name !== null) changed(name)
    })
    return { [Symbol.dispose]: () => watcher.close() }
  } catch (error) {
    if (!hasCode(error, "ENOSPC") && !hasCode(error, "EMFILE")) throw error
    return pollEvents(folder, changed)
  }
}

const pollMilliseconds = 250

/** For a machine that has no watch left to give. */
function pollEvents(folder: string, changed: (uid: string) => void): Disposable {
  const timer = setInterval(() => {
    for (const name of readdirSync(folder)) changed(name)
  }, pollMilliseconds).unref()
  return { [Symbol.dispose]: () => clearInterval(timer) }
}
