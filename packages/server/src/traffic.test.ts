import { setTimeout as sleep } from "node:timers/promises"
import { describe, expect, it } from "vitest"
import { createTraffic } from "./traffic.ts"

describe("traffic", () => {
  it("holds nobody up while there is no request", () => {
    const traffic = createTraffic()
    expect(traffic.turn()).toBeUndefined()
    traffic.begin()()
    expect(traffic.turn()).toBeUndefined()
  })

  it("gives the background its turn as soon as the last request has ended", async () => {
    const traffic = createTraffic(() => 0)
    const ends = [traffic.begin(), traffic.begin()]
    let had = false
    const turn = traffic.turn()?.then(() => {
      had = true
    })
    ends[0]?.()
    ends[0]?.()
    await sleep(0)
    expect(had).toBe(false)
    ends[1]?.()
    await turn
    expect(had).toBe(true)
    expect(traffic.turn()).toBeUndefined()
  })

  it("gives the background its turn although requests never end", async () => {
    const traffic = createTraffic()
    traffic.begin()
    await traffic.turn()
    await traffic.turn()
    expect(traffic.turn()).toBeInstanceOf(Promise)
  })

  it("lets the background wait between requests that come one upon the other, and not for long after them", async () => {
    let now = 0
    const traffic = createTraffic(() => now)
    for (let i = 0; i < 8; i++) traffic.begin()()
    expect(traffic.turn()).toBeInstanceOf(Promise)
    await traffic.turn()
    now = 60
    expect(traffic.turn()).toBeUndefined()
  })
})
