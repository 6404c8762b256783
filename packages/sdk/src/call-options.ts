import { toAbortError } from "./back-off.ts"

/** What every call that waits takes. */
export interface CallOptions {
  /** Ends the call with a BerthError `canceled`; what the server has begun goes on. */
  readonly signal?: AbortSignal | undefined
  /** Milliseconds, more than 0; then the call ends with a BerthError `timeout`. Default: no limit. */
  readonly timeoutMs?: number | undefined
}

/** One signal of both; never aborted when neither was given. */
export function toSignal({ signal, timeoutMs }: CallOptions): AbortSignal {
  const signals = [
    ...(signal === undefined ? [] : [signal]),
    ...(timeoutMs === undefined ? [] : [AbortSignal.timeout(timeoutMs)]),
  ]
  const joined = AbortSignal.any(signals)
  if (joined.aborted) throw toAbortError(joined)
  return joined
}
