/** A signal that is kept until it is waited for: nothing is missed between looking and waiting. */
export interface WakeUp {
  ring(): void
  /** Ends at the next ring (or at once after one that nobody waited for), at the timeout, or when aborted. */
  wait(timeoutMs: number, signal: AbortSignal): Promise<void>
}

export function createWakeUp(): WakeUp {
  let rung = false
  let waiting: (() => void) | undefined
  return {
    ring() {
      rung = true
      waiting?.()
    },
    async wait(timeoutMs, signal) {
      if (!rung && !signal.aborted) await waitOnce((release) => (waiting = release), timeoutMs, signal)
      waiting = undefined
      rung = false
    },
  }
}

function waitOnce(hand: (release: () => void) => void, timeoutMs: number, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const timer = setTimeout(resolve, timeoutMs)
  signal.addEventListener("abort", () => resolve(), { once: true })
  hand(resolve)
  return promise.finally(() => clearTimeout(timer))
}
