import type { Exit } from "@berth/spec"
import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { t0 } from "./testing/rows.ts"
import { World } from "./testing/world.ts"

/** Everything that can happen, to the server, to the world and to the mind of the user. */
type Step =
  | { readonly do: "pass"; readonly crash?: { readonly left: number; readonly after: boolean } }
  | { readonly do: "progress"; readonly exit: Exit }
  | { readonly do: "want"; readonly desired: "run" | "stop" | "delete" }
  | { readonly do: "wait"; readonly seconds: number }
  | { readonly do: "vanish" | "list" | "deliver" | "restart" }

const exit: fc.Arbitrary<Exit> = fc.constantFrom<Exit>(
  { reason: "exited", code: 0, finishedAt: t0 },
  { reason: "exited", code: 3, finishedAt: t0 },
  { reason: "oom", code: 137, finishedAt: t0 },
  { reason: "disrupted", code: 143, finishedAt: t0 },
  { reason: "not_started", finishedAt: t0 },
)

const crash = fc.record({ left: fc.nat({ max: 3 }), after: fc.boolean() })

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ do: fc.constant("pass" as const) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("pass" as const), crash }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant("progress" as const), exit }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constantFrom("deliver" as const, "list" as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom("restart" as const, "vanish" as const) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant("want" as const),
      desired: fc.constantFrom("run" as const, "stop" as const, "delete" as const),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant("wait" as const), seconds: fc.constantFrom(1, 40, 700, 90_000) }),
  },
)

const runs = fc.record({
  action: fc.constantFrom("job", "serve"),
  isStubborn: fc.boolean(),
  retries: fc.record({ user: fc.nat({ max: 2 }), infrastructure: fc.nat({ max: 2 }), outOfMemory: fc.nat({ max: 1 }) }),
  running: fc.constantFrom(undefined, "10m"),
})

async function take(world: World, next: Step): Promise<void> {
  if (next.do === "pass") await world.pass(next.crash)
  if (next.do === "progress") world.progress(next.exit)
  if (next.do === "want") world.want(next.desired)
  if (next.do === "wait") world.nowMs += next.seconds * 1000
  if (next.do === "vanish") world.vanish()
  if (next.do === "list") world.list()
  if (next.do === "deliver") for (const { uid } of world.attempts) world.deliver(uid)
  if (next.do === "restart") world.restart()
}

/** Left alone, with programs that end (a stubborn one only by SIGKILL) and an executor that is heard. */
async function settle(world: World): Promise<void> {
  for (let round = 0; round < 60; round++) {
    world.list()
    const wakeAt = await world.pass()
    if (!world.isStubborn) world.progress({ reason: "exited", code: 0, finishedAt: world.now })
    if (wakeAt !== undefined && Number.isFinite(wakeAt)) world.nowMs = Math.max(world.nowMs, wakeAt)
  }
}

describe("decide in a world where everything can happen", () => {
  test("I1 to I4 hold after every step, and every run comes to rest with nothing left behind", async () => {
    await fc.assert(
      fc.asyncProperty(runs, fc.array(step, { maxLength: 60 }), async (run, steps) => {
        const { action, isStubborn, retries, running } = run
        const requirements = { retries, ...(running !== undefined && { timeouts: { running } }) }
        const world = new World({ action, requirements })
        world.isStubborn = isStubborn
        for (const next of steps) {
          const before = world.row
          await take(world, next)
          expect(world.broken).toEqual([])
          if (before !== undefined && ["COMPLETED", "ERROR"].includes(before.state)) {
            expect([before.state, "DELETING", undefined]).toContain(world.row?.state)
          }
        }
        if (action === "serve" || isStubborn) world.want("stop")
        await settle(world)
        expect(world.broken).toEqual([])
        expect([...world.things.keys()]).toEqual([])
        if (world.row !== undefined) {
          expect(["COMPLETED", "ERROR", "STOPPED"]).toContain(world.row.state)
          expect(world.row.finished).toBeDefined()
        }
        expect(world.attempts.filter(({ ended, removed }) => ended === undefined || removed === undefined)).toEqual([])
      }),
      { numRuns: 1500 },
    )
  })
})
