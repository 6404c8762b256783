import { BerthError, type ErrorCode } from "@berth/spec"

/** The exit status of the command for each kind of failure; 0 is success. */
export const exitCode = {
  /** The run itself ended in ERROR. */
  runFailed: 1,
  /** The command line is wrong. */
  usage: 2,
  /** The run was stopped before it completed. */
  runStopped: 3,
  /** Left with a second Ctrl-C, as a shell reports it. */
  interrupted: 130,
} as const

const byError = {
  invalid: 2,
  unauthenticated: 77,
  forbidden: 77,
  not_found: 4,
  conflict: 5,
  exhausted: 75,
  unsupported: 6,
  timeout: 75,
  canceled: 130,
  unavailable: 69,
  internal: 70,
} as const satisfies Record<ErrorCode, number>

/** The exit status for an error. */
export function exitCodeOf(error: unknown): number {
  return byError[BerthError.from(error).code]
}
