import fc from "fast-check"
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest"
import { backOffMs, createWorkQueue, firstRetryMs, lastRetryMs, type WorkQueueOptions } from "./queue.ts"

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

/** A queue whose passes end when the test says so. */
function harness(options: Partial<WorkQueueOptions> = {}) {
  const begun: string[] = []
  const errors: [string, number][] = []
  const open: { key: string; end(again?: number): void; fail(): void }[] = []
  const queue = createWorkQueue({
    concurrency: 2,
    random: () => 0,
    onError: (key, _error, retryMs) => void errors.push([key, retryMs]),
    work: (key) => {
      begun.push(key)
      return new Promise((resolve, reject) => {
        open.push({ key, end: (again) => resolve(again), fail: () => reject(new Error("broken")) })
      })
    },
    ...options,
  })
  const settle = async (how: "end" | "fail", again?: number) => {
    const next = open.shift()
    if (next === undefined) throw new Error("nothing is being worked on")
    if (how === "end") next.end(again)
    else next.fail()
    await vi.advanceTimersByTimeAsync(0)
  }
  return { queue, begun, errors, open, settle }
}

describe("work queue", () => {
  test("collapses what comes in before the pass", async () => {
    const { queue, begun, settle } = harness({ concurrency: 1 })
    queue.add("busy")
    for (const key of ["a", "a", "b", "a"]) queue.add(key)
    expect(begun).toEqual(["busy"])
    await settle("end")
    await settle("end")
    await settle("end")
    expect(begun).toEqual(["busy", "a", "b"])
  })

  test("makes exactly one more pass for what comes in during a pass, never two at once", async () => {
    const { queue, begun, open, settle } = harness()
    queue.add("a")
    queue.add("a")
    queue.add("a")
    expect(open).toHaveLength(1)
    await settle("end")
    expect(begun).toEqual(["a", "a"])
    await settle("end")
    expect(begun).toEqual(["a", "a"])
  })

  test("works on no more keys at once than it may", async () => {
    const { queue, open, settle } = harness()
    for (const key of ["a", "b", "c"]) queue.add(key)
    expect(open.map((pass) => pass.key)).toEqual(["a", "b"])
    await settle("end")
    expect(open.map((pass) => pass.key)).toEqual(["b", "c"])
  })

  test("a key that is being worked on does not block the others", async () => {
    const { queue, open } = harness()
    queue.add("a")
    queue.add("a")
    queue.add("b")
    expect(open.map((pass) => pass.key)).toEqual(["a", "b"])
  })

  test("looks again when the pass said so, and not before", async () => {
    const { queue, begun, settle } = harness()
    queue.add("a")
    await settle("end", 1000)
    await vi.advanceTimersByTimeAsync(999)
    expect(begun).toEqual(["a"])
    await vi.advanceTimersByTimeAsync(1)
    expect(begun).toEqual(["a", "a"])
  })

  test("an earlier pass replaces the timer", async () => {
    const { queue, begun, settle } = harness()
    queue.add("a")
    await settle("end", 1000)
    queue.add("a")
    await settle("end")
    await vi.advanceTimersByTimeAsync(5000)
    expect(begun).toEqual(["a", "a"])
  })

  test("a delay longer than a timer holds is cut, not fired at once", async () => {
    const { queue, begun, settle } = harness()
    queue.add("a")
    await settle("end", 365 * 24 * 3_600_000)
    await vi.advanceTimersByTimeAsync(60_000)
    expect(begun).toEqual(["a"])
  })

  test("backs off per key from 250 ms, and forgets the failures after a pass that went well", async () => {
    const { queue, errors, settle, begun } = harness()
    queue.add("a")
    await settle("fail")
    await vi.advanceTimersByTimeAsync(250)
    await settle("fail")
    expect(errors).toEqual([
      ["a", 250],
      ["a", 500],
    ])
    await vi.advanceTimersByTimeAsync(500)
    await settle("end")
    queue.add("a")
    await settle("fail")
    expect(errors.at(-1)).toEqual(["a", 250])
    expect(begun).toHaveLength(4)
  })

  test("news come through during back-off", async () => {
    const { queue, begun, settle } = harness()
    queue.add("a")
    await settle("fail")
    queue.add("a")
    expect(begun).toEqual(["a", "a"])
  })

  test("close waits for the passes under way and starts nothing more", async () => {
    const { queue, begun, settle } = harness({ concurrency: 1 })
    queue.add("a")
    queue.add("b")
    let closed = false
    const closing = queue.close().then(() => {
      closed = true
    })
    await vi.advanceTimersByTimeAsync(0)
    expect(closed).toBe(false)
    await settle("end", 10)
    await closing
    queue.add("c")
    await vi.advanceTimersByTimeAsync(100_000)
    expect(begun).toEqual(["a"])
    expect(vi.getTimerCount()).toBe(0)
  })

  test("every key that was added is looked at after its last add, whatever the order of ends", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.oneof(fc.constantFrom("a", "b", "c"), fc.constantFrom(0, 1, 2)), { maxLength: 40 }),
        async (steps) => {
          const { queue, begun, open, settle } = harness()
          const owed = new Set<string>()
          for (const step of steps) {
            const before = begun.length
            if (typeof step === "string") {
              owed.add(step)
              queue.add(step)
            } else if (open.length > 0) {
              await settle("end")
            }
            for (const key of begun.slice(before)) owed.delete(key)
            const keys = open.map((pass) => pass.key)
            expect(new Set(keys).size).toBe(keys.length)
            expect(keys.length).toBeLessThanOrEqual(2)
          }
          const before = begun.length
          while (open.length > 0) await settle("end")
          for (const key of begun.slice(before)) owed.delete(key)
          expect([...owed]).toEqual([])
          expect(queue.busy).toBe(0)
        },
      ),
    )
  })
})

describe("backOffMs", () => {
  test("stays between half and the whole of a doubling that ends at 60 s", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 10_000 }), fc.double({ min: 0, max: 1, noNaN: true }), (count, random) => {
        const full = Math.min(lastRetryMs, firstRetryMs * 2 ** Math.min(count - 1, 30))
        const delay = backOffMs(count, random)
        expect(delay).toBeGreaterThanOrEqual(Math.floor(full / 2))
        expect(delay).toBeLessThanOrEqual(full)
      }),
    )
  })
})
