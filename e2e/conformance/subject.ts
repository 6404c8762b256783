import type { Attempt, AttemptRef, Executor, JsonObject, LogSource, Observation, Requirements } from "@berth/spec"
import { vi } from "vitest"

/** An executor under test, and the way to what is around it. */
export interface Subject {
  readonly executor: Executor
  /** Has `sh` and the usual small programs; needed only where images are run. */
  readonly image: string
  /** The program is the first process of its PID namespace, as in a container. */
  readonly isFirstProcess: boolean
  /** Answers HTTP on the port. */
  serverCommand(port: number): readonly string[]
  /** Stand-ins for, or real, cluster objects of the project. */
  setObjects(objects: readonly JsonObject[]): Promise<void>
  setSecrets(values: Readonly<Record<string, string>>): Promise<void>
  /** Ends this executor without a word to what it runs, and makes another one in its place. */
  restart(): Promise<Executor>
  /** Ends the executor and removes everything it left. */
  close(): Promise<void>
}

export const project = "conformance"

export interface AttemptOptions {
  readonly run: string
  readonly number?: number
  readonly script?: string
  readonly command?: readonly string[]
  readonly action?: Attempt["action"]
  readonly requirements?: Requirements
  readonly image?: string
}

/** Where a volume is: its mount path, or where an executor without mounts of its own says it is. */
function volumePaths(requirements: Requirements): string {
  return (requirements.volumes ?? [])
    .map(({ name, mountPath }) => `V_${name.toUpperCase()}="\${BERTH_VOLUME_${name.toUpperCase()}:-${mountPath}}"; `)
    .join("")
}

export function makeAttempt(options: AttemptOptions): Attempt {
  const { run, number = 1, script = "true", action = "job", requirements = {} } = options
  const command = options.command ?? ["sh", "-c", `${volumePaths(requirements)}${script}`]
  return {
    uid: `r-${run}-a${number}`,
    project,
    run,
    number,
    function: { name: "f", id: "1", kind: "container" },
    action,
    program: { kind: "container", ...(options.image !== undefined && { image: options.image }), command, args: [] },
    requirements,
    provenance: {},
    inputs: {},
    parameters: {},
    queuedAt: new Date().toISOString(),
  }
}

export function toRef({ uid, run, number }: AttemptRef): AttemptRef {
  return { uid, project, run, number }
}

/** Everything an executor says, in order. */
export interface Observer {
  readonly seen: readonly (Observation | "synced")[]
  /** The last that was said about the attempt. */
  last(uid: string): Observation | undefined
  /** Resolves once the attempt is seen in the phase. */
  until<Phase extends Observation["phase"]>(uid: string, phase: Phase): Promise<Extract<Observation, { phase: Phase }>>
  /** Resolves when the executor has ended its report after the abort. */
  close(): Promise<void>
}

export function watch(executor: Executor): Observer {
  const stop = new AbortController()
  const seen: (Observation | "synced")[] = []
  const done = executor.observe((observation) => void seen.push(observation), { signal: stop.signal })
  const last = (uid: string) => seen.filter((one) => one !== "synced").findLast(({ attempt }) => attempt.uid === uid)
  return {
    seen,
    last,
    until: async (uid, phase) =>
      await vi.waitFor(
        () => {
          const observation = last(uid)
          if (observation?.phase === phase) return observation as Extract<Observation, { phase: typeof phase }>
          throw new Error(`${uid} is not ${phase}: ${JSON.stringify(observation)}`)
        },
        { timeout: 15_000, interval: 10 },
      ),
    async close() {
      stop.abort()
      await done
    },
  }
}

/** The whole of a log from a cursor on. */
export async function readLog(executor: Executor, source: LogSource, resume?: string): Promise<string> {
  const { signal } = new AbortController()
  const pieces: Uint8Array[] = []
  for await (const { bytes, gap } of executor.logs(source, { signal, ...(resume !== undefined && { resume }) })) {
    if (gap !== undefined) throw new Error(`a gap: ${gap}`)
    pieces.push(bytes)
  }
  return Buffer.concat(pieces).toString("utf8")
}
