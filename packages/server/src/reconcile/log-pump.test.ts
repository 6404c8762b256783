import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { AttemptRef, Cursor, Executor, LogChunk, LogSource } from "@berth/spec"
import { afterEach, beforeEach, describe, expect, test } from "vitest"
import { openStore } from "../store/open.ts"
import type { LogAppend, Store } from "../store/store.ts"
import { createLogPump, type LogPump } from "./log-pump.ts"
import { toPatterns } from "./mask.ts"
import { after, attemptRow, runRow } from "./testing/rows.ts"

const attempt: AttemptRef = { uid: "r-1-a1", project: "p", run: "r1", number: 1 }
const source: LogSource = { attempt, instance: "i", container: "main" }

/** Logs of an executor, written by the test: a cursor is a number of bytes. */
class Source implements Pick<Executor, "logs"> {
  bytes = Buffer.alloc(0)
  isEnded = false
  /** Fails that many reads first. */
  failures = 0
  readonly resumes: (string | undefined)[] = []
  #wake = Promise.withResolvers<void>()

  write(text: string): void {
    this.bytes = Buffer.concat([this.bytes, Buffer.from(text)])
    this.#ring()
  }

  end(): void {
    this.isEnded = true
    this.#ring()
  }

  async *logs(
    _source: LogSource,
    { resume, signal }: { readonly resume?: Cursor; readonly signal: AbortSignal },
  ): AsyncIterable<LogChunk> {
    this.resumes.push(resume)
    if (this.failures-- > 0) throw new Error("not reached")
    signal.addEventListener("abort", () => this.#ring())
    for (let at = Number(resume ?? "0"); !signal.aborted; ) {
      const bytes = this.bytes.subarray(at, at + 1000)
      at += bytes.length
      if (bytes.length > 0) yield { bytes, at: after(1), cursor: String(at) }
      else if (this.isEnded) return
      else await this.#wake.promise
    }
  }

  #ring(): void {
    this.#wake.resolve()
    this.#wake = Promise.withResolvers()
  }
}

let dataDir: string
let store: Store
let executor: Source
let pump: LogPump
let errors: unknown[]

function open(change: { readonly maxBytes?: number; readonly secrets?: readonly string[] } = {}): LogPump {
  const { secrets = [], ...rest } = change
  return createLogPump({
    logs: store.logs,
    executor,
    patterns: async () => toPatterns(secrets),
    onError: (_attempt, error) => void errors.push(error),
    random: () => 0.5,
    ...rest,
  })
}

beforeEach(async () => {
  dataDir = mkdtempSync(join(tmpdir(), "berth-pump-"))
  store = await openStore({ dataDir })
  const row = runRow()
  await store.projects.insert({ ...row, name: "p", deleting: false })
  await store.runs.insert(row)
  await store.runs.commit({ project: "p", id: "r1", revision: 1, at: after(0), attempts: [attemptRow(row)] })
  executor = new Source()
  errors = []
  pump = open()
})

afterEach(async () => {
  await pump.close()
  await store.close()
  rmSync(dataDir, { recursive: true, force: true })
})

async function stored(): Promise<string> {
  const streams = await store.logs.streams("p", "r1")
  const chunks = (await Promise.all(streams.map((stream) => store.logs.read(stream, 0, 100_000)))).flat()
  return Buffer.concat(chunks.map(({ bytes }) => bytes)).toString()
}

function textOf(appends: readonly LogAppend[]): string {
  return Buffer.concat(appends.flatMap(({ chunks }) => chunks.map(({ bytes }) => bytes))).toString()
}

describe("the log pump", () => {
  test("stores what comes while it comes", async () => {
    pump.follow(attempt, [source])
    executor.write("first\n")
    await expect.poll(stored).toBe("first\n")
    executor.write("second\n")
    await expect.poll(stored).toBe("first\nsecond\n")
  })

  test("keeps the end for the final write, says the last lines, and says the same again until it is released", async () => {
    pump.follow(attempt, [source])
    executor.write("first\n")
    await expect.poll(stored).toBe("first\n")
    executor.write("last\n")
    executor.end()
    const drained = await pump.drain(attempt, [source])
    expect(`${await stored()}${textOf(drained.appends)}`).toBe("first\nlast\n")
    expect(drained).toMatchObject({ tail: ["first", "last"], findings: [] })
    expect(await pump.drain(attempt, [source])).toEqual(drained)
    await store.logs.append(drained.appends)
    await pump.release(attempt)
    expect(await stored()).toBe("first\nlast\n")
  })

  test("goes on after a restart where it was, and masks across it", async () => {
    await pump.close()
    pump = open({ secrets: ["secret-value"] })
    pump.follow(attempt, [source])
    executor.write("the secret-")
    await expect.poll(stored).toBe("the ")
    await pump.close()
    pump = open({ secrets: ["secret-value"] })
    executor.write("value is out\n")
    executor.end()
    const { appends, tail } = await pump.drain(attempt, [source])
    await store.logs.append(appends)
    expect(await stored()).toBe("the ************ is out\n")
    expect(tail).toEqual(["the ************ is out"])
  })

  test("tries again after a failure, and tells of it", async () => {
    executor.failures = 2
    executor.write("late\n")
    executor.end()
    const { appends, findings } = await pump.drain(attempt, [source])
    expect(textOf(appends)).toBe("late\n")
    expect([findings, errors.length]).toEqual([[], 2])
  })

  test("marks a gap when the end does not come, and says so", async () => {
    executor.write("only this\n")
    const begun = Date.now()
    const { appends, findings } = await pump.drain(attempt, [source])
    await store.logs.append(appends)
    expect(Date.now() - begun).toBeGreaterThanOrEqual(1900)
    expect(await stored()).toBe("only this\n")
    expect(findings.map(({ code }) => code)).toEqual(["log.gap"])
    const [stream] = await store.logs.streams("p", "r1")
    const chunks = stream === undefined ? [] : await store.logs.read(stream, 0, 10)
    expect(chunks.filter(({ gap }) => gap !== undefined)).toHaveLength(1)
  })

  test("keeps no more of an attempt than its limit, over all its sources, also after a restart", async () => {
    await pump.close()
    pump = open({ maxBytes: 2500 })
    const other = { ...source, container: "sidecar" }
    executor.write("x".repeat(2000))
    executor.end()
    const { appends, findings } = await pump.drain(attempt, [source, other])
    await store.logs.append(appends)
    expect((await stored()).length).toBe(2500)
    expect(findings).toMatchObject([{ code: "log.truncated", data: { limitBytes: 2500 } }])
    await pump.close()
    pump = open({ maxBytes: 2500 })
    const again = await pump.drain(attempt, [source, other])
    expect(textOf(again.appends)).toBe("")
    expect(again.findings.map(({ code }) => code)).toEqual(["log.truncated"])
  })

  test("a drain that the server's end cuts short is an error, never a gap", async () => {
    const draining = pump.drain(attempt, [source])
    const outcome = expect(draining).rejects.toMatchObject({ code: "canceled" })
    executor.write("half\n")
    await pump.close()
    await outcome
    pump = open()
    executor.end()
    const { appends, findings } = await pump.drain(attempt, [source])
    expect(`${await stored()}${textOf(appends)}`.endsWith("half\n")).toBe(true)
    expect(findings).toEqual([])
  })
})
