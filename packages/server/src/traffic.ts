/** Requests under way; they go before the work in the background. */
export interface Traffic {
  /** A request has begun; to be called when it has ended. */
  begin(): () => void
  /** Undefined when no request is under way, else resolves when the background may have its turn. */
  turn(): Promise<void> | undefined
}

/** The background waits at least so long, and at most so long, for its turn, however many requests come. */
const patienceMs = { least: 25, most: 250 } as const
/** Between the two: so many times as long as its last turn took, so that most of the time is the requests'. */
const patienceTurns = 4
/** With so many requests in so short a time there are always more to come: the background waits for its turn. */
const busyRequests = 8
const busyMs = 50

export function createTraffic(now: () => number = () => performance.now()): Traffic {
  let underWay = 0
  let turnMs = 0
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
    const timer = setTimeout(end, Math.min(patienceMs.most, Math.max(patienceMs.least, patienceTurns * turnMs)))
    function end() {
      clearTimeout(timer)
      waiting = undefined
      resolve()
      const began = now()
      // What a turn writes is written in the next round of the event loop: after that the turn is over.
      setImmediate(() => setImmediate(() => (turnMs = now() - began)))
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
