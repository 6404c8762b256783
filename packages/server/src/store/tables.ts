import type { RunState } from "@berth/spec"
import type { Generated, Insertable, Selectable } from "kysely"
import type { Desired, EntityType } from "./store.ts"

/**
 * The tables, as both engines have them. Columns named `*_json` hold JSON text, flags are 0 or 1, times ISO 8601 UTC.
 */
export interface Tables {
  readonly instance: InstanceTable
  readonly projects: ProjectTable
  readonly entities: EntityTable
  readonly entity_labels: EntityLabelTable
  readonly runs: RunTable
  readonly attempts: AttemptTable
  readonly transitions: TransitionTable
  readonly log_streams: LogStreamTable
  readonly log_chunks: LogChunkTable
  readonly secrets: SecretTable
  readonly profiles: ProfileTable
  readonly policies: PolicyTable
  readonly objects: ObjectTable
  readonly tokens: TokenTable
  readonly shares: ShareTable
}

/** One row: what this database is, the last sequence number, and how often it was opened. */
export interface InstanceTable {
  id: number
  instance: string
  seq: number
  epoch: number
}

export interface ProjectTable {
  name: string
  user: string
  state: string | null
  metadata_json: string
  spec_json: string
  status_json: string
  created: string
  updated: string
  deleting: number
  /** A reader of transitions that saw this number or a later one has missed nothing. */
  forgotten_seq: number
}

export interface EntityTable {
  /** Order of insertion. */
  ordinal: Generated<number>
  project: string
  type: EntityType
  id: string
  name: string
  kind: string
  user: string
  state: string | null
  function_ref: string | null
  metadata_json: string
  spec_json: string
  status_json: string
  extensions_json: string | null
  created: string
  updated: string
}

export interface EntityLabelTable {
  entity: number
  label: string
}

export interface RunTable {
  ordinal: Generated<number>
  project: string
  id: string
  name: string
  kind: string
  user: string
  task_ref: string
  function_ref: string
  action: string
  metadata_json: string
  spec_json: string
  extensions_json: string | null
  client_executed: number
  desired: Desired
  state: RunState
  message_json: string | null
  reason: string | null
  findings_json: string
  built_json: string | null
  service_json: string | null
  results_json: string | null
  status_json: string
  created: string
  updated: string
  started: string | null
  finished: string | null
  revision: number
  /** Of the server that wrote it last. */
  epoch: number
}

export interface AttemptTable {
  uid: string
  project: string
  run: string
  number: number
  attempt_json: string
  created: string
  observation_json: string | null
  parity_json: string | null
  findings_json: string | null
  started: string | null
  stop_requested: string | null
  ended: string | null
  removed: string | null
}

export interface TransitionTable {
  seq: number
  project: string
  run: string
  state: RunState
  message_json: string | null
  at: string
}

export interface LogStreamTable {
  ordinal: Generated<number>
  project: string
  run: string
  attempt: number
  instance: string
  container: string
  length: number
  chunks: number
  resume: string
}

export interface LogChunkTable {
  /** `log_streams.ordinal`. */
  stream: number
  /** From 1. */
  number: number
  start: number
  size: number
  bytes: Uint8Array
  lines_json: string
  resume: string
  gap_json: string | null
}

export interface SecretTable {
  ordinal: Generated<number>
  project: string
  id: string
  name: string
  user: string
  metadata_json: string
  spec_json: string
  created: string
  updated: string
  /** Encrypted: see cipher.ts. */
  value: Uint8Array | null
  key_id: string | null
}

export interface ProfileTable {
  name: string
  profile_json: string
  updated: string
}

export interface PolicyTable {
  project: string
  policy_json: string
  updated: string
}

/** A manifest: in clear for the kinds known to hold no secret, else encrypted whole. */
export interface ObjectTable {
  project: string
  position: number
  manifest_json: string | null
  sealed: Uint8Array | null
  key_id: string | null
  updated: string
}

export interface TokenTable {
  id: string
  user: string
  name: string
  hash: string
  role: "admin" | "user"
  projects_json: string | null
  created: string
  expires: string | null
}

export interface ShareTable {
  id: string
  project: string
  owner: string
  user: string
  created: string
}

/** A row of a table as it is read. */
export type RowOf<Name extends keyof Tables> = Selectable<Tables[Name]>

/** A row of a table as it is written. */
export type NewRowOf<Name extends keyof Tables> = Insertable<Tables[Name]>
