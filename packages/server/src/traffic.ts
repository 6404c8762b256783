/** Requests under way; they go before the work in the background. */
export interface Traffic {
  /** A request has begun; to be called when it has ended. */
  begin(): () => void
  /** Undefined when no request is under way, else resolves when the background may have its turn. */
  turn(): Promise<void> | undefined
}

/** The background waits no longer than this for its turn, however many requests come. */
const patienceMs = 25
/** With so many requests in so short a time there are always more to come: the background waits for its turn. */
const busyRequests = 8
const busyMs = 50

export function createTraffic(now: () => number = () => performance.now()): Traffic {
  let underWay = 0
  let waiting: { readonly promise: Promise<void>; readonly end: () => void } | undefined
  /** When the last requests began, the oldest first. */
  const begun: number[] = []

  function isBusy(): boolean {
    const oldest = begun[0]
    return begun.length === busyRequests && oldest !== undefined && now() - oldest < busyMs
  }

  function wait(): Promise<void> {
    if (waiting !== undefined) return waiting.promise
    const { promise, resolve } = Promise.withResolvers<void>()
    const timer = setTimeout(end, patienceMs)
    function end() {
      clearTimeout(timer)
      waiting = undefined
      resolve()
    }
    waiting = { promise, end }
    return promise
  }

  return {
    begin() {
      underWay += 1
      begun.push(now())
      if (begun.length > busyRequests) begun.shift()
      let ended = false
      return () => {
        if (ended) return
        ended = true
        underWay -= 1
        if (underWay === 0 && !isBusy()) waiting?.end()
      }
    },
    turn: () => (underWay > 0 || isBusy() ? wait() : undefined),
  }
}
