import { mkdirSync, realpathSync } from "node:fs"
import type { JsonObject } from "@berth/spec"
import type { Engine } from "./engine.ts"
import { createPrepareHandler } from "./handler.ts"
import { chooseIsolation } from "./isolation/choose.ts"
import type { Isolation } from "./isolation/isolation.ts"
import { chooseLimits } from "./limits/choose.ts"
import type { LimitMechanism } from "./limits/mechanism.ts"
import { type LocalExecutor, MachineExecutor } from "./local-executor.ts"
import { readMachine } from "./machine-node.ts"
import { processCapabilities, processParity } from "./parity.ts"
import { createProcessEngine } from "./process-engine.ts"
import { findTools } from "./tools.ts"
import { findMemoryFolder, memoryPlace } from "./volumes/memory-folder.ts"

export interface LocalExecutorOptions {
  /** The data folder; made if it is absent. */
  readonly dataDir: string
  /** Minted by the database; names what this server leaves outside its data folder. */
  readonly instance: string
  /** Kubernetes manifests that stand in for a cluster's objects: ConfigMap, Secret, PersistentVolumeClaim, Node. */
  readonly objects: (project: string) => Promise<readonly JsonObject[]>
  /** Values of project secrets by name; one that is not set is left out. */
  readonly secretValues: (project: string, names: readonly string[]) => Promise<Readonly<Record<string, string>>>
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
}

/** Makes the executor of this machine. What an earlier server started is found again in the data folder. */
export async function createLocalExecutor(options: LocalExecutorOptions): Promise<LocalExecutor> {
  mkdirSync(options.dataDir, { recursive: true, mode: 0o700 })
  const data = realpathSync(options.dataDir)
  const environment = options.environment ?? process.env
  const now = options.now ?? (() => new Date())
  const memory = findMemoryFolder(environment.XDG_RUNTIME_DIR)
  const engine = await createEngine(data, { ...options, memoryFolder: memory !== undefined })
  return new MachineExecutor({
    data,
    engine,
    machine: readMachine([]),
    objects: options.objects,
    now,
    launcher: {
      engine,
      host: environment,
      secretValues: options.secretValues,
      prepareHandler: createPrepareHandler({
        environment,
        ...(options.runnersDir !== undefined && { runnersFolder: options.runnersDir }),
      }),
      memoryOf: (uid) => (memory === undefined ? undefined : memoryPlace(memory, options.instance, uid)),
    },
  })
}

async function createEngine(
  data: string,
  options: LocalExecutorOptions & { readonly memoryFolder: boolean },
): Promise<Engine> {
  const tools = findTools((options.environment ?? process.env).PATH)
  const isolation = await chooseIsolation(data, { tools, wanted: options.isolation })
  const limits = chooseLimits({ instance: options.instance, wanted: options.limits })
  const facts = { isolation, limits, memoryFolder: options.memoryFolder }
  return createProcessEngine({
    data,
    tools,
    isolation,
    limits,
    now: options.now ?? (() => new Date()),
    parity: (attempt) => processParity(attempt, facts),
    capabilities: () => processCapabilities(facts),
  })
}
