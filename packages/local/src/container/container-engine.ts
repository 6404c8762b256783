import { chmodSync, rmSync } from "node:fs"
import { setTimeout } from "node:timers/promises"
import type { Attempt, Finding } from "@berth/spec"
import { createFinding } from "@berth/spec"
import { giveUp, readAttemptFiles, takeLock } from "../attempt-files.ts"
import { type Engine, type EngineState, type Launch, LaunchRefused } from "../engine.ts"
import { readLaunchRecord, toLaunchRecord, writeLaunchRecord } from "../launch-record.ts"
import type { Places } from "../places.ts"
import { isContainer, markContainer, readEnd, readStopRequest, writeEnd, writeStopRequest } from "./container-files.ts"
import { type LogPhase, readContainerLogs } from "./container-logs.ts"
import { type ContainerFacts, toContainerExit, toFacts } from "./container-state.ts"
import { instanceLabel, toCreateRequest } from "./create-request.ts"
import { type Daemon, DaemonError } from "./daemon.ts"
import { ensureImage } from "./images.ts"
import { type MemoryWatch, watchMemory } from "./memory-watch.ts"
import { containerCapabilities, containerParity, type DaemonLimits } from "./parity.ts"
import { watchContainers } from "./watch-containers.ts"

export interface ContainerEngineOptions {
  readonly daemon: Daemon
  /** Only containers with this label are ever touched. */
  readonly instance: string
  readonly now: () => Date
}

interface Parts extends ContainerEngineOptions {
  readonly watches: Map<string, MemoryWatch>
}

/** Runs images under Docker or Podman. The daemon owns what runs: it goes on when this process ends. */
export function createContainerEngine(options: ContainerEngineOptions): Engine {
  const parts: Parts = { ...options, watches: new Map() }
  let limits: Promise<DaemonLimits> | undefined
  const known = () => {
    limits ??= readLimits(options.daemon).catch((error: unknown) => {
      limits = undefined
      throw error
    })
    return limits
  }
  // Asked ahead: some daemons need a third of a second. Whoever needs the answer sees the failure.
  void known().catch(() => undefined)
  return {
    name: "container",
    mounts: () => true,
    parity: async (attempt) => containerParity(attempt, await known()),
    capabilities: async () => containerCapabilities(await known()),
    refusals: async (attempt) => refusalsOf(attempt),
    launch: (launch, { signal }) => launchContainer(parts, launch, signal),
    state: (places) => readState(parts, places),
    stop: (places, graceSeconds) => stopContainer(parts, places, graceSeconds),
    remove: (places) => removeAttempt(parts, places),
    logs: (places, { resume, signal }) =>
      readContainerLogs(options.daemon, places.uid, {
        ...(resume !== undefined && { resume }),
        signal,
        now: options.now,
        phase: () => logPhase(parts, places),
      }),
    watch(changed) {
      const events = watchContainers(options, changed)
      return {
        [Symbol.dispose]() {
          events[Symbol.dispose]()
          for (const watch of parts.watches.values()) watch[Symbol.dispose]()
        },
      }
    },
  }
}

async function readLimits(daemon: Daemon): Promise<DaemonLimits> {
  const answer = (await daemon.call("GET", "/info")) as Readonly<Record<string, unknown>>
  return { memory: answer.MemoryLimit === true, cpu: answer.CpuCfsQuota === true }
}

function refusalsOf({ program, provenance }: Attempt): readonly Finding[] {
  if (program.kind !== "container" || program.image !== undefined) return []
  const path = provenance.image?.path
  return [
    createFinding("program.missing", { kind: "container", member: "an image" }, path === undefined ? {} : { path }),
  ]
}

/** Creates, then takes the lock, then starts: whoever finds the lock never starts the container again. */
async function launchContainer(parts: Parts, launch: Launch, signal: AbortSignal): Promise<void> {
  const { attempt, places } = launch
  if (readAttemptFiles(places).started !== undefined) return
  const [refusal] = refusalsOf(attempt)
  if (refusal !== undefined) throw new LaunchRefused(refusal.message)
  if (attempt.program.kind !== "container") throw new LaunchRefused("A handler does not run in a container here.")
  const { image = "", imagePullPolicy: policy } = attempt.program
  markContainer(places)
  writeLaunchRecord(places, toLaunchRecord(launch))
  await ensureImage(parts.daemon, { image, policy, path: attempt.provenance.image?.path, signal })
  // The image's user may be any; the folder around them is closed to everyone else.
  for (const folder of [places.home, places.tmp]) chmodSync(folder, 0o777)
  const id = await createContainer(parts, launch, image)
  signal.throwIfAborted()
  watched(parts, places, { id })
  if (takeLock(places)) await startContainer(parts, places)
  else await removeContainer(parts, places)
}

async function createContainer(parts: Parts, launch: Launch, image: string): Promise<string> {
  // What an earlier try created was never started: there is no lock yet.
  await removeContainer(parts, launch.places)
  try {
    const body = toCreateRequest(launch, parts.instance, image)
    const query = { name: launch.places.uid }
    const answer = (await parts.daemon.call("POST", "/containers/create", { query, body })) as { readonly Id: string }
    return answer.Id
  } catch (error) {
    if (!(error instanceof DaemonError)) throw error
    if (error.status === 400 || isNameTaken(error)) throw new LaunchRefused(error.message, { cause: error })
    throw error
  }
}

/** By a container of someone else: this server's own was just removed. Podman says it with 500. */
function isNameTaken({ status, message }: DaemonError): boolean {
  return status === 409 || message.includes("already in use")
}

async function startContainer(parts: Parts, places: Places): Promise<void> {
  try {
    await parts.daemon.call("POST", `/containers/${places.uid}/start`)
  } catch (error) {
    if (!(error instanceof DaemonError)) throw error
    const exit = { reason: "not_started", ...startCode(error.message), message: error.message } as const
    // Written before the container goes: whoever looks in between would take it for lost.
    keep(places, { phase: "ended", exit: { ...exit, finishedAt: parts.now().toISOString() } })
    await removeContainer(parts, places)
  }
}

/** The codes that a shell, and a cluster, would give. */
function startCode(message: string): { readonly code?: number } {
  if (/not found|no such file/i.test(message)) return { code: 127 }
  return /permission denied/i.test(message) ? { code: 126 } : {}
}

/** A daemon may be starting a container for this long before it says so. */
const youngMilliseconds = 15_000

async function readState(parts: Parts, places: Places): Promise<EngineState> {
  const { started } = readAttemptFiles(places)
  if (started === undefined) return { phase: "unstarted" }
  const end = readEnd(places)
  if (end !== undefined) return end
  const running: EngineState = { phase: "running", startedAt: started.at }
  // A daemon that gives no answer says nothing about what it runs: the next look asks again.
  const facts = await inspect(parts, places).catch(() => "unknown" as const)
  if (facts === "unknown") return running
  if (facts === undefined) return lose(parts, places, "Its container was removed, and not by Berth.")
  if (facts.phase === "ended") return finish(parts, places, facts)
  if (facts.phase === "running") {
    const watch = watched(parts, places, facts)
    const due = isKillDue(parts, places) || watch.count().oomKills > 0
    // Should it fail, the next look tries again.
    if (due) await kill(parts, places).catch(() => undefined)
    return { ...running, startedAt: facts.startedAt }
  }
  if (parts.now().getTime() - Date.parse(started.at) < youngMilliseconds) return running
  return lose(parts, places, "The server ended while the container was being started.")
}

/** Podman fails at a container that ends while it looks: then it is asked again. */
async function inspect({ daemon }: Parts, places: Places, tries = 5): Promise<ContainerFacts | undefined> {
  try {
    const answer = await daemon.find(`/containers/${places.uid}/json`)
    return answer === undefined ? undefined : toFacts(answer)
  } catch (error) {
    if (!(error instanceof DaemonError) || tries === 0) throw error
    await setTimeout(20)
    return inspect({ daemon } as Parts, places, tries - 1)
  }
}

async function finish(parts: Parts, places: Places, facts: ContainerFacts): Promise<EngineState> {
  const record = readLaunchRecord(places)
  const counted = parts.watches.get(places.uid)?.finish()
  parts.watches.delete(places.uid)
  const stop = readStopRequest(places)
  const exit = toContainerExit(facts, {
    oomKills: counted?.oomKills ?? 0,
    ...(counted?.peakBytes !== undefined && { peakMemoryBytes: counted.peakBytes }),
    ...(record?.memoryLimitBytes !== undefined && { memoryLimitBytes: record.memoryLimitBytes }),
    ...(stop !== undefined && { stopAskedAt: stop.askedAt }),
  })
  return keep(places, { phase: "ended", startedAt: facts.startedAt, exit })
}

async function lose(parts: Parts, places: Places, message: string): Promise<EngineState> {
  await removeContainer(parts, places)
  return keep(places, { phase: "ended", exit: { reason: "lost", message, finishedAt: parts.now().toISOString() } })
}

function keep(places: Places, end: Extract<EngineState, { readonly phase: "ended" }>): EngineState {
  writeEnd(places, end)
  for (const folder of readLaunchRecord(places)?.transient ?? []) rmSync(folder, { recursive: true, force: true })
  return end
}

/** Without a memory limit a container can still be killed for lack of memory, by the machine. */
function watched(parts: Parts, places: Places, container: { readonly id: string; readonly pid?: number }): MemoryWatch {
  const earlier = parts.watches.get(places.uid)
  if (earlier !== undefined) return earlier
  // What could not be killed now is killed when the state is read.
  const onOom = () => void kill(parts, places).catch(() => undefined)
  const watch = watchMemory({ ...container, onOom })
  parts.watches.set(places.uid, watch)
  return watch
}

async function stopContainer(parts: Parts, places: Places, graceSeconds: number): Promise<void> {
  if (giveUp(places, { reason: "stopped", message: "Stopped before it was started." })) {
    await removeContainer(parts, places)
    return
  }
  const now = parts.now()
  const killAt = new Date(now.getTime() + Math.max(0, graceSeconds) * 1000)
  writeStopRequest(places, { askedAt: now.toISOString(), killAt: killAt.toISOString() })
  const query = { t: `${Math.max(0, Math.ceil(graceSeconds))}` }
  // The daemon waits the grace out by itself; should it not, the deadline on disk is kept whenever the state is read.
  void parts.daemon.call("POST", `/containers/${places.uid}/stop`, { query }).catch(() => undefined)
}

function isKillDue(parts: Parts, places: Places): boolean {
  const stop = readStopRequest(places)
  return stop !== undefined && stop.killAt <= parts.now().toISOString()
}

/** 404 and 409: it is gone, or does not run. Podman says the latter with 500. */
async function kill({ daemon }: Parts, places: Places): Promise<void> {
  await daemon.call("POST", `/containers/${places.uid}/kill`, { query: { signal: "SIGKILL" }, accept: [404, 409, 500] })
}

async function removeAttempt(parts: Parts, places: Places): Promise<void> {
  giveUp(places, { reason: "stopped", message: "Removed before it was started." })
  if (isContainer(places)) await removeContainer(parts, places)
  for (const folder of readLaunchRecord(places)?.transient ?? []) rmSync(folder, { recursive: true, force: true })
  rmSync(places.event, { force: true })
}

/** Kills first: a daemon's own forced removal may wait for the program to end by itself. */
async function removeContainer(parts: Parts, places: Places): Promise<void> {
  parts.watches.get(places.uid)?.[Symbol.dispose]()
  parts.watches.delete(places.uid)
  const facts = await inspect(parts, places)
  if (facts === undefined || facts.labels[instanceLabel] !== parts.instance) return
  if (facts.phase === "running") await kill(parts, places)
  await parts.daemon.call("DELETE", `/containers/${facts.id}`, { query: { force: "1", v: "1" }, accept: [404, 409] })
}

/** What there is to read, and whether more may come. */
async function logPhase(parts: Parts, places: Places): Promise<LogPhase> {
  const facts = await inspect(parts, places)
  if (facts?.phase === "running") return "live"
  if (facts?.phase === "ended") return "ended"
  const end = readEnd(places)
  if (end !== undefined) return end.exit.reason === "not_started" ? "none" : "gone"
  return readAttemptFiles(places).exit === undefined ? "absent" : "none"
}
