import { mkdirSync } from "node:fs"
import { type Attempt, type JsonObject, parseQuantity, toMilli, toUnits } from "@berth/spec"
import { giveUp, readAttemptFiles } from "./attempt-files.ts"
import {
  type Engine,
  type Launch,
  LaunchRefused,
  type Limits,
  type PreparedHandler,
  type PrepareHandler,
} from "./engine.ts"
import { expandVariables, toEnvironment } from "./environment.ts"
import { readLaunchRecord } from "./launch-record.ts"
import type { Places } from "./places.ts"
import { awaitPredecessor } from "./spawn-supervisor.ts"
import { prepareVolumes } from "./volumes/prepare.ts"
import type { PreparedVolume } from "./volumes/prepared.ts"

export interface LauncherOptions {
  readonly engine: Engine
  readonly prepareHandler: PrepareHandler
  readonly host: Readonly<Record<string, string | undefined>>
  readonly secretValues: (project: string, names: readonly string[]) => Promise<Readonly<Record<string, string>>>
  /** Where an attempt keeps what may touch no disk; undefined on a machine without such a place. */
  readonly memoryOf: (uid: string) => string | undefined
}

export interface LaunchRequest {
  readonly attempt: Attempt
  readonly places: Places
  readonly objects: readonly JsonObject[]
  /** Leased devices; undefined on a machine that has none. */
  readonly gpus: readonly number[] | undefined
  readonly signal: AbortSignal
}

/** Prepares an admitted attempt and hands it to the engine. What can never start is given up with its reason. */
export async function launchAttempt(options: LauncherOptions, request: LaunchRequest): Promise<void> {
  const { places, signal } = request
  if (readLaunchRecord(places) !== undefined) await awaitPredecessor(places, signal)
  if (readAttemptFiles(places).started !== undefined) return
  try {
    const launch = await prepareLaunch(options, request)
    request.signal.throwIfAborted()
    await options.engine.launch(launch, { signal: request.signal })
  } catch (error) {
    if (!(error instanceof LaunchRefused)) throw error
    giveUp(request.places, { reason: "not_started", message: error.message })
  }
}

async function prepareLaunch(options: LauncherOptions, request: LaunchRequest): Promise<Launch> {
  const { attempt, places, objects } = request
  for (const folder of [places.work, places.home, places.tmp, places.result]) mkdirSync(folder, { recursive: true })
  const prepared = await prepareProgram(options, request)
  const usesMemory = (attempt.requirements.volumes ?? []).some(
    ({ volumeType }) => volumeType === "secret" || volumeType === "empty_dir",
  )
  const mounts = options.engine.mounts(attempt)
  const memory = usesMemory ? options.memoryOf(places.uid) : undefined
  const volumes = await prepareVolumes({ attempt, places, objects, mounts, memory })
  const names = (attempt.requirements.secrets ?? []).map(({ name }) => name)
  const environment = toEnvironment({
    attempt,
    places,
    host: options.host,
    secretValues: names.length === 0 ? {} : await options.secretValues(attempt.project, names),
    prepared: prepared.environment,
    ...(request.gpus !== undefined && { gpus: request.gpus }),
    volumePaths: mounts ? {} : hostPaths(volumes),
  })
  return {
    attempt,
    places,
    ...toCommand(attempt, prepared.command, environment),
    environment,
    workingDirectory: prepared.workingDirectory,
    visible: prepared.visible,
    volumes,
    limits: toLimits(attempt),
    transient: memory === undefined ? [] : [memory],
    gpus: request.gpus ?? [],
  }
}

async function prepareProgram(options: LauncherOptions, request: LaunchRequest): Promise<PreparedHandler> {
  const { attempt, places, signal } = request
  if (attempt.program.kind !== "container") return options.prepareHandler(attempt, places, { signal })
  return { command: attempt.program.command ?? [], environment: {}, workingDirectory: places.work, visible: [] }
}

function toCommand(
  attempt: Attempt,
  prepared: readonly string[],
  environment: Readonly<Record<string, string>>,
): Pick<Launch, "command" | "args"> {
  if (attempt.program.kind !== "container") return { command: prepared }
  const expand = (word: string) => expandVariables(word, environment)
  const args = attempt.program.args.map(expand)
  if (prepared.length === 0) return { command: [], args }
  return { command: [...prepared.map(expand), ...args] }
}

function hostPaths(volumes: readonly PreparedVolume[]): Readonly<Record<string, string>> {
  return Object.fromEntries(
    volumes.flatMap(({ name, content }) => (content.form === "host" ? [[name, content.path]] : [])),
  )
}

/** Limits as plain numbers. */
function toLimits({ requirements }: Attempt): Limits {
  const memory = requirements.resources?.mem?.limits
  const cpu = requirements.resources?.cpu?.limits
  const memoryBytes = memory === undefined ? undefined : parseQuantity(memory)
  const cpuMilli = cpu === undefined ? undefined : parseQuantity(cpu)
  return {
    ...(memoryBytes !== undefined && { memoryBytes: toUnits(memoryBytes) }),
    ...(cpuMilli !== undefined && { cpuMilli: toMilli(cpuMilli) }),
  }
}
