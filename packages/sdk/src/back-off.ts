import { BerthError } from "@berth/spec"

/** Waits this long, or until the signal is aborted. Then it throws `canceled`. */
export async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) throw toAbortError(signal)
  await new Promise<void>((resolve, reject) => {
    const onAbort = () => {
      clearTimeout(timer)
      reject(toAbortError(signal))
    }
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", onAbort)
      resolve()
    }, milliseconds)
    signal.addEventListener("abort", onAbort, { once: true })
  })
}

/** How long to wait before try number `failures + 1`: 100 ms, doubled up to 3 s. */
export function backOffMilliseconds(failures: number): number {
  return Math.min(3000, 100 * 2 ** Math.min(failures, 10))
}

/** Why a signal was aborted, as an error of ours: `timeout` for `AbortSignal.timeout`, else `canceled`. */
export function toAbortError(signal: AbortSignal): BerthError {
  const reason: unknown = signal.reason
  if (reason instanceof BerthError) return reason
  return reason instanceof Error && reason.name === "TimeoutError"
    ? new BerthError("timeout", "The time that the caller allowed is over.", { cause: reason })
    : new BerthError("canceled", "The operation was canceled by its caller.", { cause: reason })
}
