import { createFinding, type RunState } from "@berth/spec"
import { describe, expect, test } from "vitest"
import { createDouble, createStream, json, refusal, toEntity, until } from "./testing/wire-double.ts"

describe("results", () => {
  const end = async (state: RunState, status: object) => {
    const { client } = createDouble(() => json(toEntity(state, 1, status)))
    return await client.project("p1").runs.get("r1")
  }
  const finding = (code: "exit.nonzero" | "exit.out_of_memory") =>
    code === "exit.nonzero" ? createFinding(code, { exitCode: 3 }) : createFinding(code, { limit: "8Gi" })

  test("are what was stored; a command has none", async () => {
    expect(await (await end("COMPLETED", { results: { accuracy: 0.9 } })).result()).toEqual({ accuracy: 0.9 })
    expect(await (await end("COMPLETED", { results: { output: 42 } })).result()).toEqual({ output: 42 })
    expect(await (await end("COMPLETED", {})).result()).toEqual({})
  })

  const [nonzero, killed] = [finding("exit.nonzero"), finding("exit.out_of_memory")]

  test.each([
    { state: "ERROR", findings: [nonzero], reason: nonzero.code, code: "invalid" },
    { state: "ERROR", findings: [nonzero, killed], reason: killed.code, code: "exhausted" },
    { state: "ERROR", findings: [], reason: undefined, code: "internal" },
    { state: "STOPPED", findings: [], reason: undefined, code: "canceled" },
  ] as const)("$state because of $reason throws $code", async ({ state, findings, reason, code }) => {
    const run = await end(state, { findings, ...(reason !== undefined && { reason }) })
    const error = await refusal(run.result())
    expect(error.code).toBe(code)
    expect(error.issues).toEqual(findings)
    const deciding = findings.find((each) => each.code === reason)
    expect(error.message).toContain(deciding?.message ?? state)
  })
})

describe("logs", () => {
  const line = (id: number) =>
    `id: ${id}\nevent: line\ndata: ${JSON.stringify({ attempt: 1, container: "main", time: "2026-01-01T00:00:00Z", text: `${id}\n` })}\n\n`
  const end = 'event: end\ndata: {"state":"COMPLETED"}\n\n'

  test("come in order, once each, across a break, until the end", async () => {
    const streams: ReturnType<typeof createStream>[] = []
    const { client, seen } = createDouble(({ url, signal }) => {
      if (!url.pathname.endsWith("/logs")) return json(toEntity("RUNNING", 1))
      const stream = createStream(signal)
      streams.push(stream)
      return stream.response
    })
    const run = await client.project("p1").runs.get("r1")
    const texts: string[] = []
    const reading = (async () => {
      for await (const { text } of run.logs({ follow: true, tail: 5 })) texts.push(text)
    })()
    await until(() => streams.length === 1)
    streams[0]?.write(line(1) + line(2) + line(3).slice(0, 12))
    await until(() => texts.length === 2)
    streams[0]?.breakOff()
    await until(() => streams.length === 2)
    streams[1]?.write(line(3) + line(4) + end)
    await reading
    expect(texts).toEqual(["1\n", "2\n", "3\n", "4\n"])
    const [first, second] = seen.filter(({ url }) => url.pathname.endsWith("/logs"))
    expect(first?.url.search).toBe("?follow=true&tail=5")
    expect(second?.url.search).toBe("?follow=true")
    expect(second?.headers.get("last-event-id")).toBe("2")
  })

  test("without follow they end with what is there, and an early leave closes the connection", async () => {
    let signal: AbortSignal | undefined
    let closed = false
    const { client } = createDouble((seen) => {
      if (!seen.url.pathname.endsWith("/logs")) return json(toEntity("RUNNING", 1))
      signal = seen.signal
      if (seen.url.searchParams.get("follow") === "false") return new Response(line(1) + end)
      const body = new ReadableStream<Uint8Array>({
        pull: (controller) => controller.enqueue(new TextEncoder().encode(line(7))),
        cancel: () => {
          closed = true
        },
      })
      return new Response(body)
    })
    const run = await client.project("p1").runs.get("r1")
    expect((await Array.fromAsync(run.logs())).map(({ text }) => text)).toEqual(["1\n"])
    for await (const { text } of run.logs({ follow: true })) {
      expect(text).toBe("7\n")
      break
    }
    expect(closed).toBe(true)
    expect(signal).toBeDefined()
  })
})
