import type { RunEntity } from "@berth/spec"
import { describe, expect, test } from "vitest"
import { createDouble, createStream, json, refusal, runEvent, toEntity, until } from "./testing/wire-double.ts"

/** A server of one run: what it is now, and its event streams. */
function createRunServer(states: RunEntity[]) {
  const streams: ReturnType<typeof createStream>[] = []
  const { client, seen } = createDouble(({ url, signal }) => {
    if (!url.pathname.endsWith("/events")) return json(states.at(-1))
    const stream = createStream(signal)
    streams.push(stream)
    return stream.response
  })
  const reads = () => seen.filter(({ url }) => url.pathname.endsWith("/runs/r1")).length
  const opened = () => seen.filter(({ url }) => url.pathname.endsWith("/events"))
  return { client, seen, states, streams, reads, opened }
}

describe("waiting", () => {
  test("ends by an event, having told each state once, and closes the stream", async () => {
    const server = createRunServer([toEntity("PENDING", 1)])
    const run = await server.client.project("p1").runs.get("r1")
    const told: string[] = []
    const waiting = run.wait({ onUpdate: ({ state }) => told.push(state) })
    await until(() => server.reads() === 2)
    server.streams[0]?.write(runEvent(1, toEntity("RUNNING", 2)))
    server.streams[0]?.write(runEvent(1, toEntity("RUNNING", 2)))
    server.streams[0]?.write(runEvent(2, { ...toEntity("ERROR", 2), id: "other" }))
    server.streams[0]?.write(runEvent(3, toEntity("COMPLETED", 3, { results: { n: 1 } })))
    expect((await waiting).state).toBe("COMPLETED")
    expect(told).toEqual(["RUNNING", "COMPLETED"])
    await until(() => server.opened()[0]?.signal.aborted === true)
  })

  test("what has ended already asks nobody", async () => {
    const server = createRunServer([toEntity("ERROR", 1)])
    const run = await server.client.project("p1").runs.get("r1")
    expect((await run.wait()).state).toBe("ERROR")
    expect(server.seen.length).toBe(1)
  })

  test("an end between the handle and the stream is seen", async () => {
    const server = createRunServer([toEntity("PENDING", 1)])
    const run = await server.client.project("p1").runs.get("r1")
    server.states.push(toEntity("COMPLETED", 2))
    expect((await run.wait()).state).toBe("COMPLETED")
  })

  test("an older event does not bring an older state back", async () => {
    const server = createRunServer([toEntity("PENDING", 1)])
    const run = await server.client.project("p1").runs.get("r1")
    server.states.push(toEntity("RUNNING", 5))
    const told: string[] = []
    const waiting = run.wait({ onUpdate: ({ state }) => told.push(state) })
    await until(() => told.length === 1)
    server.streams[0]?.write(runEvent(1, toEntity("PENDING", 3)))
    server.streams[0]?.write(runEvent(2, toEntity("COMPLETED", 6)))
    await waiting
    expect(told).toEqual(["RUNNING", "COMPLETED"])
  })

  test.each(["breakOff", "end"] as const)("a stream that the server's side %ss goes on where it was", async (how) => {
    const server = createRunServer([toEntity("PENDING", 1)])
    const run = await server.client.project("p1").runs.get("r1")
    const waiting = run.wait()
    await until(() => server.reads() === 2)
    server.streams[0]?.write(runEvent(41, toEntity("RUNNING", 2)))
    await new Promise((resolve) => setTimeout(resolve, 5))
    server.states.push(toEntity("RUNNING", 2))
    server.streams[0]?.[how]()
    await until(() => server.streams.length === 2 && server.reads() >= 3)
    expect(server.opened()[1]?.headers.get("last-event-id")).toBe("41")
    server.streams[1]?.write(runEvent(42, toEntity("COMPLETED", 3)))
    expect((await waiting).state).toBe("COMPLETED")
  })

  test("without a stream it polls", async () => {
    const states = [toEntity("RUNNING", 1)]
    const { client } = createDouble(({ url }) =>
      url.pathname.endsWith("/events") ? json({ status: 501, message: "no" }, 501) : json(states.at(-1)),
    )
    const waiting = client
      .project("p1")
      .runs.get("r1")
      .then((run) => run.wait())
    setTimeout(() => states.push(toEntity("COMPLETED", 2)), 50)
    expect((await waiting).state).toBe("COMPLETED")
  })

  test("a reset reads the run anew", async () => {
    const server = createRunServer([toEntity("PENDING", 1)])
    const waiting = server.client
      .project("p1")
      .runs.get("r1")
      .then((run) => run.wait())
    await until(() => server.reads() === 2)
    server.states.push(toEntity("STOPPED", 2))
    server.streams[0]?.write(`id: 9\ndata: ${JSON.stringify({ type: "reset", seq: 9 })}\n\n`)
    expect((await waiting).state).toBe("STOPPED")
  })

  test("a run deleted meanwhile is given back as DELETED", async () => {
    const server = createRunServer([toEntity("RUNNING", 1)])
    const waiting = server.client
      .project("p1")
      .runs.get("r1")
      .then((run) => run.wait())
    await until(() => server.reads() === 2)
    server.streams[0]?.write(`id: 2\ndata: ${JSON.stringify({ type: "deleted", seq: 2, run: "r1" })}\n\n`)
    expect((await waiting).state).toBe("DELETED")
  })

  test("ready is a service that answers, or an end", async () => {
    const server = createRunServer([toEntity("RUNNING", 1)])
    const run = await server.client.project("p1").runs.get("r1")
    const waiting = run.wait({ until: "ready" })
    await until(() => server.reads() === 2)
    const service = { url: "127.0.0.1:8080", ports: [{ port: 80, targetPort: 8080 }] }
    server.streams[0]?.write(runEvent(2, toEntity("RUNNING", 2, { service })))
    expect((await waiting).status.service).toEqual(service)
  })

  test("a hundred waits share one stream, and one that gives up leaves the others theirs", async () => {
    const server = createRunServer([toEntity("RUNNING", 1)])
    const run = await server.client.project("p1").runs.get("r1")
    const abort = new AbortController()
    const given = refusal(run.wait({ signal: abort.signal }))
    const late = refusal(run.wait({ timeoutMs: 30 }))
    const waits = Array.from({ length: 100 }, () => run.wait())
    await until(() => server.reads() >= 103)
    abort.abort()
    expect([(await given).code, (await late).code]).toEqual(["canceled", "timeout"])
    expect(server.streams.length).toBe(1)
    server.streams[0]?.write(runEvent(2, toEntity("COMPLETED", 2)))
    expect((await Promise.all(waits)).every(({ state }) => state === "COMPLETED")).toBe(true)
    await until(() => server.opened()[0]?.signal.aborted === true)
  })

  test("a refused read ends the wait at once", async () => {
    let refuse = false
    const { client } = createDouble(({ url, signal }) => {
      if (url.pathname.endsWith("/events")) return createStream(signal).response
      return refuse ? json({ status: 403, message: "no", code: "forbidden" }, 403) : json(toEntity("RUNNING", 1))
    })
    const run = await client.project("p1").runs.get("r1")
    refuse = true
    expect((await refusal(run.wait())).code).toBe("forbidden")
  })
})
