import type { AddressInfo } from "node:net"
import type { LogLine, ProjectEvent } from "@berth/spec"
import fc from "fast-check"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import type { NumberedChunk } from "../store/store.ts"
import { seedProject, startTestApp, type TestApp } from "./app-for-tests.ts"
import { brokenTail, type Carry, cutChunk } from "./log-pieces.ts"

let test: TestApp
let base: string
const ends: AbortController[] = []

beforeEach(async () => {
  test = await startTestApp()
  await seedProject(test)
  await test.app.listen({ host: "127.0.0.1", port: 0 })
  base = `http://127.0.0.1:${(test.app.server.address() as AddressInfo).port}`
})
afterEach(async () => {
  for (const end of ends.splice(0)) end.abort()
  await test.close()
})

interface Received {
  readonly id?: string
  readonly event: string
  readonly data: unknown
}

/** Reads a stream as a client does, with a real socket. */
async function open(path: string, headers: Record<string, string> = {}) {
  const end = new AbortController()
  ends.push(end)
  const response = await fetch(`${base}${path}`, { headers, signal: end.signal })
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader()
  let buffer = ""
  const next = async (): Promise<Received | undefined> => {
    for (;;) {
      const cut = buffer.indexOf("\n\n")
      if (cut >= 0) {
        const block = buffer.slice(0, cut)
        buffer = buffer.slice(cut + 2)
        if (block.startsWith(":")) continue
        const fields = Object.fromEntries(block.split("\n").map((line) => line.split(/: (.*)/s, 2) as [string, string]))
        return { ...fields, event: fields.event ?? "", data: JSON.parse(fields.data ?? "null") }
      }
      const read = await reader?.read()
      if (read === undefined || read.done) return undefined
      buffer += read.value
    }
  }
  const all = async () => {
    const received: Received[] = []
    for (let event = await next(); event !== undefined; event = await next()) received.push(event)
    return received
  }
  return { response, next, all, close: () => end.abort() }
}

async function submit(id: string) {
  const spec = { function: "container://alpha/hello:c1" }
  const { status } = await test.call("POST", "/api/v1/-/alpha/runs", { kind: "container+job:run", id, spec })
  expect(status).toBe(200)
}

const key = { project: "alpha", run: "r1", attempt: 1, instance: "local-1", container: "main" }
let written = 0
let chunks = 0
let lastByte = 10

async function log(text: string | Uint8Array, more: Partial<NumberedChunk> & { attempt?: number } = {}) {
  const bytes = typeof text === "string" ? new TextEncoder().encode(text) : text
  const { attempt = 1, ...chunk } = more
  const starts = [...bytes.keys()].filter((index) => (index === 0 ? lastByte : bytes[index - 1]) === 10)
  lastByte = bytes.at(-1) ?? lastByte
  const at = `2026-01-01T00:00:0${chunks++ % 10}.000Z`
  const lines = starts.map((offset) => [offset, at] as const)
  await test.store.logs.append([
    { ...key, attempt, chunks: [{ offset: written, bytes, lines, resume: "x", ...chunk }] },
  ])
  written += bytes.length
}

async function move(state: "PENDING" | "RUNNING" | "COMPLETED") {
  const row = await test.store.runs.get("alpha", "r1")
  const at = new Date().toISOString()
  const set = { state, updated: at }
  expect(await test.store.runs.commit({ project: "alpha", id: "r1", revision: row?.revision ?? 0, set, at })).toBe(true)
}

describe("a project's events", () => {
  const path = "/api/berth/v1/projects/alpha/events"

  it("begins with where it is, then tells every change once, resumable at each id", async () => {
    const stream = await open(path)
    expect(stream.response.headers.get("content-type")).toContain("text/event-stream")
    expect(await stream.next()).toMatchObject({ event: "reset" })
    await submit("r1")
    const ready = await stream.next()
    expect(ready).toMatchObject({ event: "run", data: { type: "run", run: { id: "r1", status: { state: "READY" } } } })
    await move("RUNNING")
    expect(await stream.next()).toMatchObject({ data: { run: { status: { state: "RUNNING" } } } })
    stream.close()
    await move("COMPLETED")
    const resumed = await open(path, { "last-event-id": ready?.id ?? "" })
    const event = (await resumed.next())?.data as ProjectEvent
    expect(event).toMatchObject({ type: "run", run: { status: { state: "COMPLETED" } } })
    await test.store.runs.remove("alpha", "r1", new Date().toISOString())
    expect(await resumed.next()).toMatchObject({ event: "deleted", data: { run: "r1" } })
  })

  it("tells a change that is no transition", async () => {
    await submit("r1")
    const stream = await open(path)
    await stream.next()
    const row = await test.store.runs.get("alpha", "r1")
    const at = new Date().toISOString()
    const set = { message: "still waiting", updated: at }
    await test.store.runs.commit({ project: "alpha", id: "r1", revision: row?.revision ?? 0, set, at })
    for (;;) {
      const event = (await stream.next())?.data as ProjectEvent
      if (event.type === "run" && event.run.status.message === "still waiting") break
    }
  })

  it("answers an id that it cannot have given with a reset", async () => {
    await submit("r1")
    const stream = await open(path, { "last-event-id": "999999" })
    expect(await stream.next()).toMatchObject({ event: "reset" })
  })

  it("sends comments while nothing happens, and gives a client no more streams than it may hold", async () => {
    const response = await fetch(`${base}${path}`)
    const reader = response.body?.getReader()
    let text = ""
    while (!text.includes(": still here")) text += new TextDecoder().decode((await reader?.read())?.value)
    await reader?.cancel()
    const limited = await startTestApp({
      config: { host: "127.0.0.1", executor: "local", commandRequired: true, streamsPerClient: 1, heartbeatMs: 50 },
    })
    await seedProject(limited)
    const url = await limited.app.listen({ host: "127.0.0.1", port: 0 })
    const first = await fetch(`${url}${path}`)
    expect((await fetch(`${url}${path}`)).status).toBe(429)
    await first.body?.cancel()
    await expect
      .poll(async () => {
        const again = await fetch(`${url}${path}`)
        await again.body?.cancel()
        return again.status
      })
      .toBe(200)
    await limited.close()
  })

  it("ends with the server", async () => {
    const stream = await open(path)
    await stream.next()
    const closing = test.app.close()
    expect(await stream.next().catch(() => undefined)).toBeUndefined()
    await closing
  })
})

describe("a run's log", () => {
  const path = "/api/berth/v1/projects/alpha/runs/r1/logs"
  const textOf = (events: readonly Received[]) =>
    events
      .filter(({ event }) => event === "line")
      .map(({ data }) => (data as LogLine).text)
      .join("")

  beforeEach(async () => {
    written = 0
    chunks = 0
    lastByte = 10
    await submit("r1")
  })

  it("follows until the run has ended and says how", async () => {
    await move("RUNNING")
    await log("one\ntw")
    const stream = await open(path)
    expect(await stream.next()).toMatchObject({ event: "line", data: { attempt: 1, container: "main", text: "one\n" } })
    expect(await stream.next()).toMatchObject({ data: { text: "tw" } })
    await log("o\nthree\n")
    await move("COMPLETED")
    const rest = await stream.all()
    expect(textOf(rest)).toBe("o\nthree\n")
    expect(rest.at(-1)).toMatchObject({ event: "end", data: { state: "COMPLETED" } })
  })

  it("goes on after any id, and gives every byte once", async () => {
    await log("α\nβγ\n")
    await log(new TextEncoder().encode("δ€").subarray(0, 4))
    await log(new TextEncoder().encode("δ€\nend\n").subarray(4))
    await move("COMPLETED")
    const whole = "α\nβγ\nδ€\nend\n"
    const all = await (await open(path)).all()
    expect(textOf(all)).toBe(whole)
    for (const [index, event] of all.slice(0, -1).entries()) {
      const rest = await (await open(path, { "last-event-id": event.id ?? "" })).all()
      expect(textOf(all.slice(0, index + 1)) + textOf(rest)).toBe(whole)
    }
  })

  it.each([
    [0, ""],
    [1, "5\n"],
    [3, "3\n4\n5\n"],
    [100, "1\n2\n3\n4\n5\n"],
  ])("begins %i lines before the end", async (tail, expected) => {
    await log("1\n2\n")
    await log("3\n4\n5\n")
    const events = await (await open(`${path}?follow=false&tail=${tail}`)).all()
    expect(textOf(events)).toBe(expected)
    expect(events.at(-1)).toMatchObject({ event: "end", data: { state: "READY" } })
  })

  it("begins lines before the end of a long log", async () => {
    for (let chunk = 0; chunk < 20; chunk += 1) await log(`${String(chunk).padStart(5, "0")}\n`.repeat(10_000))
    const events = await (await open(`${path}?follow=false&tail=30000`)).all()
    expect(textOf(events)).toBe(["00017\n", "00018\n", "00019\n"].map((line) => line.repeat(10_000)).join(""))
  })

  it("filters by attempt, container and time", async () => {
    await log("a\n")
    written = 0
    await log("b\n", { attempt: 2 })
    const read = async (query: string) => textOf(await (await open(`${path}?follow=false&${query}`)).all())
    expect(await read("attempt=2")).toBe("b\n")
    expect(await read("container=other")).toBe("")
    expect(await read("since=2026-01-01T00:00:01Z")).toBe("b\n")
    expect(await read("")).toBe("a\nb\n")
  })

  it("marks a gap", async () => {
    await log("a\n")
    await log("b\n", { gap: "the server was away" })
    const events = await (await open(`${path}?follow=false`)).all()
    expect(events.map(({ data }) => (data as LogLine).gap)).toEqual([undefined, "the server was away", undefined])
  })

  it("is a superset of every shape that old clients read, with its last 8 MiB", async () => {
    const [empty] = (await test.call("GET", "/api/v1/-/alpha/runs/r1/logs")).body
    expect(empty).toMatchObject({
      id: "main",
      name: "main",
      content: "",
      run: "r1",
      spec: { run: "r1" },
      status: { container: "main" },
    })
    for (let count = 0; count < 9; count += 1) await log("x".repeat(1024 * 1024))
    await log("the end\n")
    const [entry] = (await test.call("GET", "/api/v1/-/alpha/runs/r1/logs")).body
    const text = Buffer.from(entry.content, "base64").toString()
    expect(text).toMatch(/^\[the first 1048584 bytes of this log are left out\]\nx/)
    expect(text.endsWith("xthe end\n")).toBe(true)
    const page = await test.call("GET", "/api/v1/-/alpha/logs?run=r1&size=100&sort=created,DESC")
    expect(page.body).toMatchObject({ totalElements: 1, content: [{ id: "main" }] })
  })
})

describe("cutting", () => {
  it("gives back every text, whatever the chunks", () => {
    const texts = fc.array(fc.oneof(fc.string({ unit: "grapheme" }), fc.constant("\n")), { maxLength: 20 })
    fc.assert(
      fc.property(texts, fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 60 }), (parts, sizes) => {
        const bytes = new TextEncoder().encode(parts.join(""))
        let carry: Carry = { position: { chunk: 0, offset: 0 }, bytes: new Uint8Array(), time: "t" }
        let offset = 0
        let text = ""
        for (let number = 1; offset < bytes.length; number += 1) {
          const part = bytes.subarray(offset, offset + (sizes[number % sizes.length] ?? 1))
          const lines = [...part.keys()]
            .filter((index) => (bytes[offset + index - 1] ?? 10) === 10)
            .map((index) => [index, `t${number}`] as const)
          const cut = cutChunk({ number, offset, bytes: part, lines, resume: "" }, carry)
          for (const piece of cut.pieces) {
            text += piece.text
            expect(piece.position.offset).toBe(new TextEncoder().encode(text).length)
          }
          carry = cut.carry
          offset += part.length
        }
        expect(text).toBe(parts.join(""))
      }),
    )
  })

  it("knows how much of a character is missing", () => {
    for (const character of ["a", "é", "€", "😀"]) {
      const bytes = new TextEncoder().encode(character)
      for (let length = 0; length < bytes.length; length += 1)
        expect(brokenTail(bytes.subarray(0, length))).toBe(length)
      expect(brokenTail(bytes)).toBe(0)
    }
    expect(brokenTail(new Uint8Array([0x80, 0x80, 0x80, 0x80]))).toBe(0)
    expect(brokenTail(new Uint8Array([0xff]))).toBe(0)
  })
})
