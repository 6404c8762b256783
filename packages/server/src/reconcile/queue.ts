/** What a pass over one key may answer: look again after so many milliseconds, or only when something happens. */
export type LookAgain = number | undefined

export interface WorkQueueOptions {
  /** How many keys are worked on at once. */
  readonly concurrency: number
  /** Undefined when passes may begin now, else resolves when they may. */
  readonly turn?: () => Promise<void> | undefined
  /** One pass over a key. What it throws is retried with back-off. */
  work(key: string): Promise<LookAgain>
  /** Told of every failed pass and of when the next one comes. */
  onError(key: string, error: unknown, retryMs: number): void
  /** 0 to 1, for the jitter of the back-off. */
  random(): number
}

/** Keys that want a look, each at most once at a time. */
export interface WorkQueue {
  /** Looks at the key soon, once more if a look is under way. */
  add(key: string): void
  /** How many keys wait or are looked at now. Those with a timer only do not count. */
  readonly busy: number
  /** Starts nothing more and resolves when the looks under way have ended. */
  close(): Promise<void>
}

/** How many passes begin at once when others go first: few enough that nobody notices. */
const passesPerTurn = 8

export const firstRetryMs = 250
export const lastRetryMs = 60_000

/** The longest delay that a timer of Node holds. */
const maxTimerMs = 2 ** 31 - 1

/**
 * A keyed queue without duplicates: a key is never worked on twice at once, and what comes in during a pass leads to
 * one more pass. Timers are only a memory of what the last pass said; they are set anew from stored timestamps after
 * a restart.
 */
export function createWorkQueue(options: WorkQueueOptions): WorkQueue {
  const dirty = new Set<string>()
  const processing = new Set<string>()
  const failures = new Map<string, number>()
  const timers = createTimers(add)
  let closed = false
  let waiting = false
  let drained: (() => void) | undefined

  function add(key: string): void {
    if (closed) return
    dirty.add(key)
    begin()
  }

  /** Begins as many passes as there is room for, or a few when others go first. */
  function begin(): void {
    if (waiting || closed || dirty.size === 0) return
    const turn = options.turn?.()
    if (turn === undefined) {
      pump(options.concurrency)
      return
    }
    waiting = true
    void turn.then(() => {
      waiting = false
      pump(passesPerTurn)
      begin()
    })
  }

  function pump(limit: number): void {
    let begun = 0
    for (const key of dirty) {
      if (closed || begun === limit || processing.size >= options.concurrency) return
      if (processing.has(key)) continue
      begun += 1
      dirty.delete(key)
      processing.add(key)
      void pass(key)
    }
  }

  async function pass(key: string): Promise<void> {
    timers.clear(key)
    try {
      const again = await options.work(key)
      failures.delete(key)
      if (again !== undefined) addAfter(key, again)
    } catch (error) {
      const count = (failures.get(key) ?? 0) + 1
      failures.set(key, count)
      const retryMs = backOffMs(count, options.random())
      addAfter(key, retryMs)
      options.onError(key, error, retryMs)
    } finally {
      processing.delete(key)
      if (processing.size === 0) drained?.()
      begin()
    }
  }

  function addAfter(key: string, delayMs: number): void {
    if (closed) return
    if (delayMs <= 0) dirty.add(key)
    else timers.set(key, delayMs)
  }

  return {
    add,
    get busy() {
      return new Set([...dirty, ...processing]).size
    },
    async close() {
      closed = true
      timers.clearAll()
      dirty.clear()
      if (processing.size === 0) return
      await new Promise<void>((resolve) => {
        drained = resolve
      })
    },
  }
}

/** One timer per key at most. */
function createTimers(fire: (key: string) => void) {
  const timers = new Map<string, NodeJS.Timeout>()

  function clear(key: string): void {
    clearTimeout(timers.get(key))
    timers.delete(key)
  }

  function set(key: string, delayMs: number): void {
    const end = () => {
      timers.delete(key)
      fire(key)
    }
    timers.set(key, setTimeout(end, Math.min(delayMs, maxTimerMs)))
  }

  return { set, clear, clearAll: () => [...timers.keys()].forEach(clear) }
}

/** 250 ms doubled with every failure up to 60 s, less up to half of it by chance. */
export function backOffMs(failures: number, random: number): number {
  const full = Math.min(lastRetryMs, firstRetryMs * 2 ** Math.min(failures - 1, 30))
  return Math.round(full * (1 - random / 2))
}
