import { mkdirSync, realpathSync } from "node:fs"
import type { JsonObject } from "@berth/spec"
import { createAttemptTable } from "./attempt-table.ts"
import { createEngine } from "./create-engine.ts"
import { createPrepareHandler } from "./handler.ts"
import { chooseIsolation } from "./isolation/choose.ts"
import type { Isolation } from "./isolation/isolation.ts"
import type { LimitMechanism } from "./limits/mechanism.ts"
import { type LocalExecutor, MachineExecutor } from "./local-executor.ts"
import { listGpus, readMachine } from "./machine-node.ts"
import { findTools } from "./tools.ts"
import { findMemoryFolder, memoryPlace, sweepMemory } from "./volumes/memory-folder.ts"

export interface LocalExecutorOptions {
  /** The data folder; made if it is absent. */
  readonly dataDir: string
  /** Minted by the database; names what this server leaves outside its data folder. */
  readonly instance: string
  /** Kubernetes manifests that stand in for a cluster's objects: ConfigMap, Secret, PersistentVolumeClaim, Node. */
  readonly objects: (project: string) => Promise<readonly JsonObject[]>
  /** Values of project secrets by name; one that is not set is left out. */
  readonly secretValues: (project: string, names: readonly string[]) => Promise<Readonly<Record<string, string>>>
  /** What runs container functions. Handlers run on the host with either. */
  readonly engine: "process" | "container"
  /** Default: `runners/` beside the packages or beside the bundled program. */
  readonly runnersDir?: string
  /** The server's own environment, of which a few variables pass to programs. Default: this process's. */
  readonly environment?: NodeJS.ProcessEnv
  /** Rules out every better way to isolate. Default: the best that works on this machine. */
  readonly isolation?: Isolation["name"]
  /** Rules out every other way to hold limits. Default: the best that works on this machine. */
  readonly limits?: LimitMechanism["name"]
  readonly now?: () => Date
  /** Told what went wrong where nobody waits for an answer. Default: a warning of the process. */
  readonly onError?: (error: unknown) => void
}

/** Makes the executor of this machine. What an earlier server started is found again in the data folder. */
export async function createLocalExecutor(options: LocalExecutorOptions): Promise<LocalExecutor> {
  mkdirSync(options.dataDir, { recursive: true, mode: 0o700 })
  const data = realpathSync(options.dataDir)
  const { instance, objects, secretValues, environment = process.env, now = () => new Date() } = options
  const table = createAttemptTable(data)
  const known = new Set(table.all().map(({ attempt }) => attempt.uid))
  const memory = findMemoryFolder(environment.XDG_RUNTIME_DIR)
  if (memory !== undefined) sweepMemory(memory, instance, known)
  const tools = findTools(environment.PATH)
  const isolation = await chooseIsolation(data, { tools, wanted: options.isolation })
  const engine = await createEngine({
    ...{ data, instance, environment, now, known, memory },
    ...{ engine: options.engine, tools, isolation, limits: options.limits },
  })
  const handlers = {
    environment,
    ...(options.runnersDir !== undefined && { runnersFolder: options.runnersDir }),
    ...(isolation.namespaces && { isolation }),
  }
  return new MachineExecutor({
    ...{ data, engine, table, objects, now },
    onError: options.onError ?? ((error) => process.emitWarning(error instanceof Error ? error : String(error))),
    machine: readMachine(listGpus()),
    launcher: {
      engine,
      host: environment,
      secretValues,
      prepareHandler: createPrepareHandler(handlers),
      memoryOf: (uid) => (memory === undefined ? undefined : memoryPlace(memory, instance, uid)),
    },
  })
}
