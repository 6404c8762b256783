import { BerthError } from "@berth/spec"
import { createContainerEngine } from "./container/container-engine.ts"
import { connectDaemon } from "./container/daemon.ts"
import { findSocket } from "./container/socket.ts"
import { sweepContainers } from "./container/sweep.ts"
import type { Engine } from "./engine.ts"
import type { Isolation } from "./isolation/isolation.ts"
import { chooseLimits } from "./limits/choose.ts"
import type { LimitMechanism } from "./limits/mechanism.ts"
import { processCapabilities, processParity } from "./parity.ts"
import { createProcessEngine } from "./process-engine.ts"
import { createRoutedEngine } from "./routed-engine.ts"
import type { Tools } from "./tools.ts"

export interface EngineOptions {
  readonly data: string
  readonly instance: string
  readonly engine: "process" | "container"
  readonly environment: NodeJS.ProcessEnv
  readonly tools: Tools
  readonly now: () => Date
  /** A folder that is memory, where this machine has one. */
  readonly memory: string | undefined
  /** Attempts on disk: what is left of any other is removed. */
  readonly known: ReadonlySet<string>
  readonly isolation: Isolation
  readonly limits?: LimitMechanism["name"] | undefined
}

/** The engine that was configured. Handlers run on the host with either. */
export async function createEngine(options: EngineOptions): Promise<Engine> {
  const host = createHostEngine(options)
  if (options.engine === "process") return host
  return createRoutedEngine({ process: host, container: await createDaemonEngine(options) })
}

function createHostEngine(options: EngineOptions): Engine {
  const { data, instance, now, memory, known, tools, isolation } = options
  const limits = chooseLimits({ instance, wanted: options.limits })
  for (const uid of limits.list()) if (!known.has(uid)) limits.remove(uid)
  const facts = { isolation, limits, memoryFolder: memory !== undefined }
  return createProcessEngine({
    data,
    tools,
    isolation,
    limits,
    memory,
    now,
    parity: (attempt) => processParity(attempt, facts),
    capabilities: () => processCapabilities(facts),
  })
}

async function createDaemonEngine({ instance, environment, now, known }: EngineOptions): Promise<Engine> {
  const socket = findSocket(environment)
  if (socket === undefined) {
    const message =
      "BERTH_LOCAL_ENGINE=container needs Docker or Podman, and no socket of theirs was found. " +
      "Start one, set DOCKER_HOST=unix:///path/to/its.sock, or use the engine `process`."
    throw new BerthError("unavailable", message)
  }
  const daemon = connectDaemon(socket)
  await sweepContainers(daemon, { instance, known }).catch((cause: unknown) => {
    throw new BerthError("unavailable", `The container daemon at ${socket} does not answer. Start it.`, { cause })
  })
  return createContainerEngine({ daemon, instance, now })
}
