import type { Action } from "./entity.ts"
import type { Finding, PatchOperation } from "./finding.ts"
import type { JsonObject } from "./json.ts"
import type { Provenance } from "./provenance.ts"
import type { Requirements, ServicePort } from "./requirements.ts"

/** Waits only as long as its caller wants. */
export interface Cancelable {
  readonly signal: AbortSignal
}

/** Names one attempt of a run. */
export interface AttemptRef {
  /** DNS label, at most 52 characters; deterministic from run and number: the idempotency key of every action. */
  readonly uid: string
  readonly project: string
  /** The run's id. */
  readonly run: string
  /** 1 for the first. */
  readonly number: number
}

/** Everything an executor needs to run one attempt; JSON, so that it can be kept on disk. Secrets are names only. */
export interface Attempt extends AttemptRef {
  readonly function: {
    readonly name: string
    readonly id: string
    readonly kind: string
  }
  readonly action: Action
  readonly program: Program
  readonly requirements: Requirements
  /** Who set which requirement: parity and waiting reasons are reported at the user's own paths. */
  readonly provenance: Provenance
  readonly inputs: JsonObject
  readonly parameters: JsonObject
  readonly initParameters?: JsonObject
  /** When the run was submitted, ISO 8601 UTC: the oldest is admitted first. */
  readonly queuedAt: string
}

/** What to run. */
export type Program = ContainerProgram | HandlerProgram

export interface ContainerProgram {
  readonly kind: "container"
  readonly image?: string
  readonly imagePullPolicy?: "Always" | "IfNotPresent" | "Never"
  /** Program and leading arguments. A command given as one string is one argument. */
  readonly command?: readonly string[]
  readonly args: readonly string[]
}

export interface HandlerProgram {
  readonly kind: "python" | "node"
  /** `module.path:name`, `file.ts:name`. */
  readonly handler: string
  readonly initFunction?: string
  readonly code: Code
  /** Packages to install (python: pip requirement lines). */
  readonly packages?: readonly string[]
  readonly image?: string
}

/** Code as it travels: one file, or a folder as a deterministic tar.gz. */
export interface Code {
  readonly form: "file" | "tar.gz"
  readonly base64: string
  /** File name for the form `file`, `main.py`. */
  readonly name?: string
}

/** Whether a request would start, and what stands in its way. */
export interface Verdict {
  readonly verdict: "now" | "waits" | "after_scale_up" | "never" | "unknown"
  /** Everything that stands in the way or is worth knowing. */
  readonly findings: readonly Finding[]
  /** Changes that would make it start sooner, best first. */
  readonly fixes: readonly Fix[]
  readonly parity: readonly Parity[]
}

/** A change of the request that would help, tried by the executor. */
export interface Fix {
  /** What it changes: `resources.mem.requests 62Gi`. */
  readonly title: string
  readonly patch: readonly PatchOperation[]
  /** What the change would lead to: `on gpu-3`. */
  readonly effect?: string
}

/** How faithfully one requirement is met. What an adapter cannot enforce it says, never drops. */
export interface Parity {
  /** Canonical wire path, as in the provenance: `resources.mem.limits`, `volumes.data`. */
  readonly path: string
  readonly level: "enforced" | "approximated" | "ignored"
  /** By which means, or why not: `cgroup v1 memory limit`. */
  readonly how: string
}

export interface PlanRequest {
  readonly attempt: Attempt
}

/** What there is to ask for, in one project. */
export interface Inventory {
  readonly nodes: readonly InventoryNode[]
  /** Claims, ConfigMaps and Secrets that a volume may name; names only. */
  readonly claims: readonly string[]
  readonly configMaps: readonly string[]
  readonly secrets: readonly string[]
  /** GPU types that can be asked for. */
  readonly gpuTypes: readonly string[]
  /** What this executor can and cannot enforce here. */
  readonly capabilities: readonly Parity[]
}

export interface InventoryNode {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly taints: readonly {
    readonly key: string
    readonly value?: string
    readonly effect: string
  }[]
  /** Closed to new work, as by `kubectl cordon`. Default false. */
  readonly unschedulable?: boolean
  /** Kubernetes resource names → quantity: `cpu`, `memory`, `nvidia.com/gpu`. */
  readonly allocatable: Readonly<Record<string, string>>
  /** Sum of the requests of what runs there. */
  readonly requested: Readonly<Record<string, string>>
}

/**
 * What an executor sees of one attempt: facts, never a conclusion.
 *
 * `waiting`: accepted, not started; `running`: started; `ended`: will never run again, with its exit;
 * `absent`: not there, said only after a fresh full list.
 */
export type Observation = {
  readonly attempt: AttemptRef
  readonly at: string
} & (
  | {
      readonly phase: "waiting"
      readonly reasons: readonly Finding[]
      readonly parity?: readonly Parity[]
    }
  | RunningFacts
  | ({ readonly phase: "ended"; readonly exit: Exit } & Omit<RunningFacts, "phase">)
  | { readonly phase: "absent" }
)

interface RunningFacts {
  readonly phase: "running"
  /** ISO 8601 UTC. */
  readonly startedAt?: string
  /** Where it runs: a node's or this machine's name. */
  readonly node?: string
  readonly logs: readonly LogSource[]
  readonly parity?: readonly Parity[]
  /** Set once the service answers on its port. */
  readonly service?: Service
  /** What is worth saying while it runs (`port.in_use`). */
  readonly reasons?: readonly Finding[]
}

/** Where a served function is reached. */
export interface Service {
  /** `host:port` without a scheme, as on the wire. */
  readonly url: string
  readonly ports: readonly ServicePort[]
}

/** How an attempt ended. */
export interface Exit {
  /**
   * `exited`: by itself, with `code`; `signaled`: by a signal nobody here sent; `oom`: killed at the memory limit;
   * `stopped`: on request; `not_started`: the program could not be started; `lost`: the machine or supervisor was
   * lost, the end is unknown; `disrupted`: taken away by the infrastructure (eviction, drain, preemption);
   * `storage`: used more ephemeral storage than its limit.
   */
  readonly reason: "exited" | "signaled" | "oom" | "stopped" | "not_started" | "lost" | "disrupted" | "storage"
  /** 0 to 255; 128 + n for signal n. Absent only for `lost` and `not_started`. */
  readonly code?: number
  /** ISO 8601 UTC. */
  readonly finishedAt: string
  /** The runtime's own words. */
  readonly message?: string
  readonly peakMemoryBytes?: number
  readonly memoryLimitBytes?: number
  /** The runner's result file, when the kind has one. */
  readonly result?: unknown
}

/** One stream of bytes: a container of one instance of an attempt. */
export interface LogSource {
  readonly attempt: AttemptRef
  /** Pod uid and restart count; for the local executor `local-<try>`. */
  readonly instance: string
  readonly container: string
}

/** Where to go on reading a log; opaque to everyone but the executor that made it. */
export type Cursor = string

/** Bytes of a log, in order. */
export interface LogChunk {
  readonly bytes: Uint8Array
  /** When the bytes were seen, ISO 8601 UTC. */
  readonly at: string
  /** Resume after this chunk. */
  readonly cursor: Cursor
  /** Bytes were lost before this chunk: why. */
  readonly gap?: string
}

/**
 * What runs attempts. Two adapters, `local` and `kubernetes`, one conformance suite.
 *
 * Every action is idempotent by attempt uid. `observe` is level-based: it reports the full state of every attempt
 * it knows, then `synced`, then every change, until its signal is aborted.
 */
export interface Executor {
  readonly name: "local" | "kubernetes"
  plan(request: PlanRequest, options: Cancelable): Promise<Verdict>
  /** Why the attempt is where it is: findings, most telling first. */
  explain(attempt: AttemptRef, options: Cancelable): Promise<readonly Finding[]>
  inventory(project: string, options: Cancelable): Promise<Inventory>
  /** Accepts the attempt. That it waits, runs or ended is observed. */
  start(attempt: Attempt): Promise<void>
  /** Asks it to end: SIGTERM, `graceSeconds` later SIGKILL. The end is observed. */
  stop(attempt: AttemptRef, options: { readonly graceSeconds: number }): Promise<void>
  /**
   * Ends it if need be and leaves nothing behind. After it the attempt is observed as `absent`.
   *
   * @param options.keepClaims - The run goes on or may be resumed: claims by `size` belong to it and stay. Default false.
   */
  remove(attempt: AttemptRef, options?: { readonly keepClaims?: boolean }): Promise<void>
  observe(sink: (observation: Observation | "synced") => void, options: Cancelable): Promise<void>
  /** Ends when the source has ended and every byte was delivered. */
  logs(source: LogSource, options: { readonly resume?: Cursor } & Cancelable): AsyncIterable<LogChunk>
}

/** The further ability of an executor that keeps something for a project beyond its runs, as the data of claims. */
export interface ProjectEnding {
  /**
   * Removes what is kept for the project, which has no run left. Idempotent; when it throws, the project stays and it
   * is asked again.
   */
  forgetProject(project: string): Promise<void>
}
