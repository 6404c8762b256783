import type { Attempt, Parity, Service } from "./executor.ts"
import type { Finding } from "./finding.ts"
import type { Json, JsonObject } from "./json.ts"
import type { RunState } from "./lifecycle.ts"
import type { Provenance } from "./provenance.ts"
import type { Requirements } from "./requirements.ts"

/** Kinds of function. */
export const functionKinds = ["container", "python", "node"] as const

export type FunctionKind = (typeof functionKinds)[number]

/** What can be done with a function. */
export const actions = ["job", "serve", "deploy", "build"] as const

export type Action = (typeof actions)[number]

/** The envelope that every entity has on the wire. Null members are left out of answers. */
export interface Entity<Spec = JsonObject, Status = { readonly state: string }> {
  /** 1 to 255 of `[a-zA-Z0-9._+-]`; generated ids are 32 hexadecimal digits. */
  readonly id: string
  readonly project: string
  readonly name: string
  readonly kind: string
  /** `store://<project>/<type>/<kind>/<name>:<id>`. */
  readonly key: string
  readonly user: string
  readonly metadata: EntityMetadata
  readonly spec: Spec
  readonly status: Status
  readonly extensions?: readonly JsonObject[]
}

export interface EntityMetadata {
  readonly project: string
  readonly name: string
  readonly description?: string
  /** ISO 8601 UTC. */
  readonly created: string
  /** ISO 8601 UTC. */
  readonly updated: string
  readonly labels?: readonly string[]
  readonly [member: string]: unknown
}

/** A run as the wire shows it. */
export type RunEntity = Entity<JsonObject, RunStatus>

export interface RunStatus {
  readonly state: RunState
  /** One sentence for people. */
  readonly message?: string
  /** Newest first. */
  readonly transitions?: readonly RunTransition[]
  readonly findings?: readonly Finding[]
  /** The code of the finding that decided the outcome. */
  readonly reason?: string
  /** Resolved requirements, who set what, and how faithfully they are met; absent before the run is built. */
  readonly resolved?: ResolvedRun
  /** One entry per attempt, oldest first. */
  readonly attempts?: readonly AttemptStatus[]
  readonly service?: Service
  /** What the handler returned: an object as it is, anything else under `output`. */
  readonly results?: JsonObject
  /** Entity keys only. */
  readonly outputs?: JsonObject
  readonly metrics?: JsonObject
  readonly [member: string]: unknown
}

export interface RunTransition {
  readonly status: RunState
  readonly message?: string
  /** ISO 8601 UTC. */
  readonly time: string
}

/** What a run became when it was built. */
export interface ResolvedRun {
  /** Wire form (snake_case). */
  readonly requirements: JsonObject
  readonly provenance: Provenance
  readonly parity?: readonly Parity[]
}

export interface AttemptStatus {
  readonly number: number
  readonly phase: "waiting" | "running" | "ended"
  readonly startedAt?: string
  readonly finishedAt?: string
  readonly node?: string
  readonly exitCode?: number
  readonly peakMemoryBytes?: number
  readonly findings?: readonly Finding[]
}

/** A run after its layers were merged: what every attempt of it starts from. */
export interface BuiltRun {
  readonly attempt: Omit<Attempt, "uid" | "number">
  readonly requirements: Requirements
  readonly provenance: Provenance
  /** Warnings and notices; errors refused the run. */
  readonly findings: readonly Finding[]
}

/** An administrator's named requirements, applied over the user's. */
export interface Profile {
  /** DNS-1123 label. */
  readonly name: string
  readonly description?: string
  /** Wire form; every form that a run accepts. */
  readonly requirements: JsonObject
  /** Per canonical field (`resources`, `tolerations`); default `override`. */
  readonly modes?: Readonly<Record<string, ProfileMode>>
}

/** `default`: the user's wins; `override`: the profile's wins; `append`: both, lists concatenated. */
export type ProfileMode = "default" | "override" | "append"

/** Who may use which field in a project. Absent fields follow the built-in rule. */
export type Policy = Readonly<Record<string, PolicyRule>>

export type PolicyRule = "allow" | "deny" | { readonly allow: readonly string[] }

/** A page of a list, as Spring prints it: the members that clients read. */
export interface Page<Item> {
  readonly content: readonly Item[]
  readonly totalElements: number
  readonly totalPages: number
  readonly number: number
  readonly size: number
  readonly numberOfElements: number
  readonly first: boolean
  readonly last: boolean
  readonly empty: boolean
  readonly [member: string]: unknown
}

/** One line of a run's log, as Berth's own log stream sends it. */
export interface LogLine {
  /** 1 for the first attempt. */
  readonly attempt: number
  readonly container: string
  /** When the line was seen, ISO 8601 UTC. */
  readonly time: string
  /** With its line end, when it has one. */
  readonly text: string
  /** Bytes were lost before it: why. */
  readonly gap?: string
}

/** An event of a project's stream. The event id is `transitions.seq`. */
export type ProjectEvent =
  | { readonly type: "run"; readonly seq: number; readonly run: RunEntity }
  | { readonly type: "deleted"; readonly seq: number; readonly run: string }
  | { readonly type: "reset"; readonly seq: number }

/** A value that a policy rule or a form can name. */
export type Primitive = Exclude<Json, Json[] | JsonObject>
