import type { Json, JsonObject } from "./json.ts"

/**
 * The contract between Berth and the small programs in `runners/` that call a user's handler.
 * One contract for both executors: only who writes the files differs.
 */

/** Environment variables that Berth sets for every attempt, in every kind of function. */
export const platformVariables = [
  "BERTH_RUN_ID",
  "BERTH_ATTEMPT",
  "BERTH_PROJECT",
  "BERTH_FUNCTION",
  "BERTH_ACTION",
  "PROJECT_NAME",
  "RUN_ID",
] as const

/** Further variables, set only for a handler: where its call file is and where the result goes. */
export const runnerVariables = ["BERTH_CALL", "BERTH_RESULT"] as const

/** A result larger than this many bytes of JSON is not stored. */
export const maxResultBytes = 256 * 1024

/** Code larger than this many bytes, packed, is refused (`code.too_large`). */
export const maxCodeBytes = 900 * 1000

/** What a runner is told, as JSON in the file that `BERTH_CALL` names. */
export interface RunnerCall {
  readonly version: 1
  /** The handler as the user wrote it: `module.path:name` or `file.ext:name`. */
  readonly handler: string
  /** Called once before the handler, in the same module. */
  readonly initFunction?: string
  /** The folder that holds the unpacked code; also the working directory. */
  readonly codeDir: string
  readonly inputs: JsonObject
  readonly parameters: JsonObject
  readonly initParameters?: JsonObject
  readonly context: RunnerContext
}

/** The handler's `context` argument. */
export interface RunnerContext {
  readonly project: string
  readonly function: string
  readonly action: string
  readonly run: string
  /** 1 for the first attempt. */
  readonly attempt: number
}

/** What a runner leaves, as JSON in the file that `BERTH_RESULT` names, written whole or not at all. */
export type RunnerResult =
  | { readonly version: 1; readonly ok: true; readonly value: Json }
  | { readonly version: 1; readonly ok: false; readonly error: RunnerError }

/** Why a handler did not return. */
export interface RunnerError {
  /**
   * `load`: the module or the handler was not found or did not load; `raised`: the handler raised;
   * `result`: what it returned is no JSON or too large.
   */
  readonly stage: "load" | "raised" | "result"
  /** The exception's class, `ValueError`. */
  readonly type: string
  readonly message: string
  /** The traceback as the language prints it, user frames last, at most 32 KiB (the tail). */
  readonly traceback?: string
}
