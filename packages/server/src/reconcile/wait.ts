/** Resolves after so many milliseconds, or when the signal is aborted. */
export function sleep(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve()
  return new Promise((resolve) => {
    const timer = setTimeout(end, ms)
    signal.addEventListener("abort", end, { once: true })
    function end() {
      clearTimeout(timer)
      signal.removeEventListener("abort", end)
      resolve()
    }
  })
}

/** What the promise resolves to, or `late` when that takes longer. */
export async function within<Value>(promise: Promise<Value>, ms: number): Promise<Value | "late"> {
  const timeout = Promise.withResolvers<"late">()
  const timer = setTimeout(() => timeout.resolve("late"), Math.max(0, ms))
  try {
    return await Promise.race([promise, timeout.promise])
  } finally {
    clearTimeout(timer)
  }
}

/** Resolves when the signal is aborted. */
export function aborted(signal: AbortSignal): Promise<"aborted"> {
  if (signal.aborted) return Promise.resolve("aborted")
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve("aborted"), { once: true }))
}
