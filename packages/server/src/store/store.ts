import type {
  Attempt,
  BuiltRun,
  EntityMetadata,
  Finding,
  JsonObject,
  Observation,
  Parity,
  Policy,
  Profile,
  RunState,
  Service,
} from "@berth/spec"

/**
 * What the server keeps, and the only way to it. One implementation on Kysely, run on SQLite and PostgreSQL.
 *
 * Times are ISO 8601 UTC strings made by the caller; specs are JSON text and come back equal to what was sent.
 */
export interface Store {
  readonly projects: ProjectStore
  readonly entities: EntityStore
  readonly runs: RunStore
  readonly logs: LogStore
  readonly secrets: SecretStore
  readonly settings: SettingStore
  readonly principals: PrincipalStore
  /** Random id minted with the database; every object outside carries it. */
  readonly instance: string
  /**
   * Calls back after every commit that changed a run of the project (`*`: of any) or added to its log, naming the run.
   * Returns the way to end it.
   */
  onChange(project: string, listener: (project: string, run: string) => void): () => void
  /** Aborted, with the reason, when this server no longer owns the database: it has to end at once. */
  readonly lost: AbortSignal
  close(): Promise<void>
}

/** A page of rows and how many there are in all. */
export interface Rows<Row> {
  readonly rows: readonly Row[]
  readonly total: number
}

/** What every list understands. */
export interface ListOptions {
  /** From 0. */
  readonly page: number
  /** 1 to 1000. */
  readonly size: number
  readonly sort?: readonly {
    readonly field: "id" | "name" | "kind" | "created" | "updated"
    readonly descending: boolean
  }[]
  /** Substring of id or name. */
  readonly q?: string
  /** ISO interval, either end open. */
  readonly created?: Interval
  readonly updated?: Interval
  readonly ids?: readonly string[]
  readonly user?: string
}

export interface Interval {
  readonly from?: string
  readonly to?: string
}

export interface ProjectRow {
  readonly name: string
  readonly user: string
  readonly metadata: EntityMetadata
  readonly spec: JsonObject
  readonly status: JsonObject
  readonly created: string
  readonly updated: string
  /** Set while it is being deleted: its runs go first. */
  readonly deleting: boolean
}

export interface ProjectStore {
  /** False when the name is taken. */
  insert(row: ProjectRow): Promise<boolean>
  get(name: string): Promise<ProjectRow | undefined>
  update(
    name: string,
    change: Partial<Pick<ProjectRow, "metadata" | "spec" | "status" | "updated" | "deleting">>,
  ): Promise<void>
  /** With everything it owns. */
  remove(name: string): Promise<void>
  list(
    options: ListOptions & {
      /** Substring. */
      readonly name?: string
      /** Only these: what the caller may see. */
      readonly names?: readonly string[]
      readonly state?: string
    },
  ): Promise<Rows<ProjectRow>>
}

export type EntityType = "function" | "task" | "workflow" | "artifact" | "dataitem" | "model" | "trigger"

export interface EntityRow {
  readonly project: string
  readonly type: EntityType
  readonly id: string
  readonly name: string
  readonly kind: string
  readonly user: string
  /** Full reference of the function, for tasks. */
  readonly functionRef?: string
  readonly metadata: EntityMetadata
  readonly spec: JsonObject
  readonly status: JsonObject
  readonly extensions?: readonly JsonObject[]
  readonly created: string
  readonly updated: string
}

export interface EntityStore {
  /** False when (project, type, id) is taken. */
  insert(row: EntityRow): Promise<boolean>
  get(project: string, type: EntityType, id: string): Promise<EntityRow | undefined>
  /** Newest version of a name; two of one instant are told apart by insertion. */
  latest(project: string, type: EntityType, name: string): Promise<EntityRow | undefined>
  update(
    project: string,
    type: EntityType,
    id: string,
    change: Partial<Pick<EntityRow, "metadata" | "spec" | "status" | "extensions" | "updated">>,
  ): Promise<void>
  remove(project: string, type: EntityType, id: string): Promise<void>
  list(
    project: string,
    type: EntityType,
    options: ListOptions & {
      readonly name?: string
      readonly kind?: string
      readonly state?: string
      readonly functionRef?: string
      readonly labels?: readonly string[]
      /** `latest`: one row per name. */
      readonly versions: "latest" | "all"
      /** Kinds left out of the list; `node` stands for `node+job` too. */
      readonly hideKinds?: readonly string[]
    },
  ): Promise<Rows<EntityRow>>
}

/** What a user wants of a run; only the reconciler makes it so. */
export type Desired = "run" | "stop" | "delete"

export interface RunRow {
  readonly project: string
  readonly id: string
  readonly name: string
  readonly kind: string
  readonly user: string
  /** Full references, as stored. */
  readonly taskRef: string
  readonly functionRef: string
  readonly action: string
  readonly metadata: EntityMetadata
  /** As sent. */
  readonly spec: JsonObject
  readonly extensions?: readonly JsonObject[]
  /** `local_execution: true`: the client executes, the reconciler leaves it alone. */
  readonly clientExecuted: boolean
  readonly desired: Desired
  readonly state: RunState
  readonly message?: string
  /** Code of the finding that decided the outcome. */
  readonly reason?: string
  readonly findings: readonly Finding[]
  /** Absent until it is built (client-executed runs: for ever). */
  readonly built?: BuiltRun
  readonly service?: Service
  readonly results?: JsonObject
  /** Members that clients put into the status: outputs, metrics and the like. */
  readonly status: JsonObject
  readonly created: string
  readonly updated: string
  /** When the run first became RUNNING. */
  readonly started?: string
  readonly finished?: string
  /** Raised by every write; a write names the one it read. */
  readonly revision: number
}

export interface AttemptRow {
  readonly uid: string
  readonly project: string
  readonly run: string
  readonly number: number
  readonly attempt: Attempt
  readonly created: string
  /** Last facts the executor reported. */
  readonly observation?: Observation
  readonly parity?: readonly Parity[]
  /** How this attempt ended, for people. */
  readonly findings?: readonly Finding[]
  readonly started?: string
  readonly stopRequested?: string
  /** Verdict written; from then on it is only cleaned up. */
  readonly ended?: string
  /** The executor has nothing of it any more. */
  readonly removed?: string
}

/** One transaction of the reconciler. */
export interface RunChange {
  readonly project: string
  readonly id: string
  /** The revision that was read; the change is refused (false) when the row has another. */
  readonly revision: number
  /** Members that are there are written; `undefined` empties a member that may be empty. */
  readonly set?: Partial<Omit<RunRow, "project" | "id" | "revision" | "service" | "reason" | "finished">> & {
    readonly [Member in "service" | "reason" | "finished"]?: RunRow[Member] | undefined
  }
  /** Written to `transitions` whenever `set.state` differs from the row's. */
  readonly at: string
  readonly attempts?: readonly AttemptRow[]
  readonly logs?: readonly LogAppend[]
}

export interface RunStore {
  /** With its first transition. False when the id is taken. */
  insert(row: RunRow): Promise<boolean>
  get(project: string, id: string): Promise<RunRow | undefined>
  /** The rows come without `built`. */
  list(
    project: string,
    options: ListOptions & {
      readonly kind?: string
      readonly state?: string
      readonly taskRef?: string
      /** With `:<id>` exact, else every version of it. */
      readonly functionRef?: string
      readonly action?: string
      readonly name?: string
      /** Kinds left out of the list; `node` stands for `node+job:run` too. */
      readonly hideKinds?: readonly string[]
    },
  ): Promise<Rows<RunRow>>
  /** Records what the user wants. A deletion is not taken back. */
  setDesired(project: string, id: string, desired: Desired, at: string): Promise<RunRow | undefined>
  /** False when the row has moved on: read again and decide anew. */
  commit(change: RunChange): Promise<boolean>
  /** The row, its attempts, transitions and logs. Writes a `deleted` transition. */
  remove(project: string, id: string, at: string): Promise<void>
  /** Every run that the reconciler still has to do with: not at rest, or with attempts not removed. */
  live(): Promise<readonly { readonly project: string; readonly id: string }[]>
  attempts(project: string, id: string): Promise<readonly AttemptRow[]>
  transitions(project: string, id: string): Promise<readonly TransitionRow[]>
  /** Of a project, after a sequence number, oldest first. */
  transitionsAfter(project: string, seq: number, limit: number): Promise<readonly TransitionRow[]>
  /**
   * A reader that has seen `first - 1` or later has missed nothing; `last` is the newest number. Zeros when there is no
   * such project.
   */
  transitionRange(project: string): Promise<{ readonly first: number; readonly last: number }>
  countByState(): Promise<Readonly<Partial<Record<RunState, number>>>>
}

export interface TransitionRow {
  readonly seq: number
  readonly project: string
  readonly run: string
  /** DELETED also stands for the row's removal. */
  readonly state: RunState
  readonly message?: string
  readonly at: string
}

/** One stream of a run's log. */
export interface LogKey {
  readonly project: string
  readonly run: string
  readonly attempt: number
  readonly instance: string
  readonly container: string
}

export interface LogAppend extends LogKey {
  readonly chunks: readonly StoredChunk[]
}

export interface StoredChunk {
  /** Position of the first byte in the stored stream. */
  readonly offset: number
  readonly bytes: Uint8Array
  /** When each line began, as [offset in this chunk, ISO time]. */
  readonly lines: readonly (readonly [number, string])[]
  /** The executor's cursor after this chunk. */
  readonly resume: string
  /** Bytes are missing before this chunk: why. */
  readonly gap?: string
}

/** A chunk and its place in the stream, from 1. */
export interface NumberedChunk extends StoredChunk {
  readonly number: number
}

/**
 * Where to begin reading: a byte offset (the first chunk may begin before it), or after a chunk. Who follows a stream
 * goes on after the last chunk it got: a chunk that marks a gap at the end has no bytes.
 */
export type LogPosition = number | { readonly after: number }

export interface LogStore {
  append(appends: readonly LogAppend[]): Promise<void>
  /** Streams of a run, oldest first, with their length and where to go on. */
  streams(
    project: string,
    run: string,
  ): Promise<readonly (LogKey & { readonly length: number; readonly resume: string })[]>
  /** Chunks of a stream from a position on, at most `limit` of them. */
  read(key: LogKey, from: LogPosition, limit: number): Promise<readonly NumberedChunk[]>
}

export interface SecretRow {
  readonly project: string
  readonly id: string
  readonly name: string
  readonly user: string
  readonly metadata: EntityMetadata
  readonly spec: JsonObject
  readonly created: string
  readonly updated: string
  /** Whether a value is stored. */
  readonly set: boolean
}

/** Values go in and out in clear and are encrypted inside. */
export interface SecretStore {
  insert(row: Omit<SecretRow, "set">): Promise<boolean>
  get(project: string, id: string): Promise<SecretRow | undefined>
  list(project: string, options: ListOptions & { readonly name?: string }): Promise<Rows<SecretRow>>
  update(project: string, id: string, change: Partial<Pick<SecretRow, "metadata" | "updated">>): Promise<void>
  remove(project: string, id: string): Promise<void>
  /** Names without a row are returned, and then nothing is stored. */
  setValues(project: string, values: Readonly<Record<string, string>>, at: string): Promise<readonly string[]>
  /** Names that have no value are left out. */
  values(project: string, names: readonly string[]): Promise<Readonly<Record<string, string>>>
  /** Every value of the project, to be masked. */
  everyValue(project: string): Promise<readonly string[]>
  /** Encrypts everything under a new key; the number of values. */
  rotateKey(): Promise<number>
}

export interface SettingStore {
  profiles(): Promise<readonly Profile[]>
  putProfile(profile: Profile, at: string): Promise<void>
  /** False when there was none. */
  removeProfile(name: string): Promise<boolean>
  policy(project: string): Promise<Policy>
  putPolicy(project: string, policy: Policy, at: string): Promise<void>
  /** Local stand-ins for cluster objects, as manifests; Secret data comes decrypted. */
  objects(project: string): Promise<readonly JsonObject[]>
  putObjects(project: string, objects: readonly JsonObject[], at: string): Promise<void>
}

export interface ShareRow {
  readonly id: string
  readonly project: string
  readonly owner: string
  readonly user: string
  readonly created: string
}

export interface TokenRow {
  readonly id: string
  readonly user: string
  readonly name: string
  /** SHA-256 of the token, hexadecimal. */
  readonly hash: string
  readonly role: "admin" | "user"
  /** Absent: as the user's own. */
  readonly projects?: readonly string[]
  readonly created: string
  readonly expires?: string
}

export interface PrincipalStore {
  insertToken(row: TokenRow): Promise<void>
  tokenByHash(hash: string): Promise<TokenRow | undefined>
  tokens(user: string): Promise<readonly TokenRow[]>
  removeToken(user: string, id: string): Promise<boolean>
  share(row: ShareRow): Promise<void>
  shares(project: string): Promise<readonly ShareRow[]>
  removeShare(project: string, id: string): Promise<boolean>
  /** Projects shared with a user, or with everyone. */
  sharedWith(user: string): Promise<readonly string[]>
}
