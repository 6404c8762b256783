import type { Attempt, AttemptRef, Cancelable, Finding, Inventory, JsonObject, Verdict } from "@berth/spec"
import type { FastifyInstance } from "fastify"
import type { Logger } from "pino"
import type { Store } from "../store/store.ts"
import type { FileToken } from "./tokens-file.ts"

/** The settings that the HTTP side reads. */
export interface HttpConfig {
  /** Address the server listens on: `127.0.0.1`, `::1`, `0.0.0.0`, a name. */
  readonly host: string
  /** Where clients reach the server, without a trailing slash; default: what the request's Host header says. */
  readonly publicUrl?: string
  readonly executor: "local" | "kubernetes"
  /** The executor ignores images: a container function needs a `command`. */
  readonly commandRequired: boolean
  /** The server's own layer of requirements, wire form. Default: nothing. */
  readonly defaults?: JsonObject
  /** Largest request body. Default 4 MiB. */
  readonly bodyLimitBytes?: number
  /** Streams one client may hold at once. Default 64. */
  readonly streamsPerClient?: number
  /** Silence after which a stream sends a comment. Default 15,000. */
  readonly heartbeatMs?: number
}

/** Everything `createApp` is given; wired by main.ts. The executor comes as its read-only questions alone. */
export interface AppDeps {
  readonly store: Store
  readonly config: HttpConfig
  /** From the tokens file; empty: open to every process of this machine, on loopback only. */
  readonly tokens: readonly FileToken[]
  /** Tells the reconciler that a run's row has changed. */
  wake(project: string, run: string): void
  /** Ends a project that is being deleted and has no run left, and what is kept for it outside. */
  endProject(project: string): Promise<void>
  /** A request has begun that is no stream; gives what to call when it has ended. Default: nobody wants to know. */
  readonly requestBegan?: () => () => void
  plan(attempt: Attempt, options: Cancelable): Promise<Verdict>
  explain(attempt: AttemptRef, options: Cancelable): Promise<readonly Finding[]>
  inventory(project: string, options: Cancelable): Promise<Inventory>
  /** The stand-ins of a project were replaced: waiting attempts may fit now. */
  objectsChanged(project: string): Promise<void>
  /** Keys in the reconciler's queue, for `/metrics`. */
  queueDepth(): number
  readonly log: Logger
  now(): Date
  /** 32 hexadecimal digits. */
  newId(): string
  readonly version: string
  /** Routes that a benchmark adds to the app it measures. */
  extend?(app: FastifyInstance): void
}
