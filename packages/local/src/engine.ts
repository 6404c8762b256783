import type { Attempt, Cancelable, Cursor, Exit, Finding, LogChunk, Parity, Service } from "@berth/spec"
import type { Places } from "./places.ts"
import type { PreparedVolume } from "./volumes/prepared.ts"

/**
 * What runs an admitted attempt: a process of this machine, or a container.
 *
 * An engine keeps everything that matters outside this process (files, a container daemon), so that a restarted
 * server reads the same state. It knows nothing of admission, objects or secrets stores: it gets a finished
 * {@link Launch}.
 */
export interface Engine {
  readonly name: "process" | "container"
  /** True when the attempt's volumes appear at their mount paths and memory can be mounted. */
  mounts(attempt: Attempt): boolean
  /** How faithfully this engine can meet each requirement of the attempt, without starting it. */
  parity(attempt: Attempt): Promise<readonly Parity[]>
  /** What it can and cannot enforce on this machine. */
  capabilities(): Promise<readonly Parity[]>
  /** What makes it impossible here, whatever ends or is added: a container without a command on engine `process`. */
  refusals(attempt: Attempt): Promise<readonly Finding[]>
  /**
   * Hands the attempt over; resolves once its end no longer depends on this process. Idempotent by attempt uid, and it
   * creates the file `started` exclusively (`takeLock`) before anything of the user's can run: whoever finds it there
   * starts nothing.
   */
  launch(launch: Launch, options: Cancelable): Promise<void>
  /** What became of a launched attempt, from the outside world, never from memory. */
  state(places: Places): Promise<EngineState>
  /** SIGTERM, `graceSeconds` later SIGKILL, also when this process is gone by then. */
  stop(places: Places, graceSeconds: number): Promise<void>
  /** Ends whatever still runs and releases what lives outside the attempt's own folder. */
  remove(places: Places): Promise<void>
  /** The attempt's output from the cursor on; ends when it has ended and every byte was delivered. */
  logs(places: Places, options: { readonly resume?: Cursor } & Cancelable): AsyncIterable<LogChunk>
  /** Calls back with the uid of an attempt whose state may have changed. Disposed: nothing is watched, what runs goes on. */
  watch(changed: (uid: string) => void): Disposable
}

/** An attempt with everything that was found out for it. Not written to disk: `environment` holds secret values. */
export interface Launch {
  readonly attempt: Attempt
  readonly places: Places
  /** Program and arguments, `$(NAME)` expanded. Empty: the image's own (engine `container` only). */
  readonly command: readonly string[]
  /** Replaces the image's arguments while its entry point stays (engine `container` only). */
  readonly args?: readonly string[]
  /** The whole environment of the program. */
  readonly environment: Readonly<Record<string, string>>
  /** Working directory on the host, below one of `places` or of `visible`. */
  readonly workingDirectory: string
  /** Folders of the host that the program must be able to read although Berth's data folder is hidden. */
  readonly visible: readonly string[]
  readonly volumes: readonly PreparedVolume[]
  readonly limits: Limits
  /** Folders outside `places` that go when the program ends: secret files in memory. */
  readonly transient: readonly string[]
  /** Leased devices by index. */
  readonly gpus: readonly number[]
}

/** Limits in plain numbers; an absent one is none. */
export interface Limits {
  readonly memoryBytes?: number
  /** Thousandths of a core. */
  readonly cpuMilli?: number
}

/** What an engine sees of an attempt. `unstarted`: the program was not started, and launching it is safe. */
export type EngineState =
  | { readonly phase: "unstarted" }
  | { readonly phase: "running"; readonly startedAt: string; readonly service?: Service }
  | { readonly phase: "ended"; readonly startedAt?: string; readonly exit: Exit }

/**
 * What a handler (python, node) needs before it can be called; its files are written below `places`.
 * Called when the attempt was admitted, before `launch`; may take long (packages are installed).
 */
export type PrepareHandler = (attempt: Attempt, places: Places, options: Cancelable) => Promise<PreparedHandler>

/** The command that calls a handler. */
export interface PreparedHandler {
  readonly command: readonly string[]
  /** Added to the platform's variables: `BERTH_CALL`, `BERTH_RESULT`, `VIRTUAL_ENV`. */
  readonly environment: Readonly<Record<string, string>>
  readonly workingDirectory: string
  /** Host paths to keep readable at the same path: the runners' folder, a virtual environment, an interpreter. */
  readonly visible: readonly string[]
}

/** Thrown when the attempt cannot start now but may later: it waits with this finding and is tried again. */
export class LaunchBlocked extends Error {
  override readonly name = "LaunchBlocked"
  readonly finding: Finding

  constructor(finding: Finding, options?: { readonly cause: unknown }) {
    super(finding.message, options)
    this.finding = finding
  }
}

/**
 * Thrown by {@link PrepareHandler} and by engines when the attempt can never start as it is: it ends as
 * `not_started` with this message. Any other error is tried again.
 */
export class LaunchRefused extends Error {
  override readonly name = "LaunchRefused"
}
