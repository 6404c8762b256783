import type { LogChunk } from "@berth/spec"
import { expect, test } from "vitest"
import type { Trial } from "./conformance.ts"
import { readLog } from "./subject.ts"

export function checkLogs({ subject, observer, make, newRun }: Trial): void {
  test("every byte comes once and in order, also when there are many", async () => {
    const attempt = make({ run: newRun(), script: "seq 1 60000" })
    await subject().executor.start(attempt)
    const { logs } = await observer().until(attempt.uid, "ended")
    const expected = Array.from({ length: 60_000 }, (_, index) => `${index + 1}\n`).join("")
    const log = (await Promise.all(logs.map((source) => readLog(subject().executor, source)))).join("")
    expect(log === expected).toBe(true)
  })

  test("reading goes on from any cursor without a byte lost or twice", async () => {
    const script = "for i in 1 2 3 4 5; do seq $((i * 10000)) $((i * 10000 + 3000)); sleep 0.05; done"
    const attempt = make({ run: newRun(), script })
    const { executor } = subject()
    await executor.start(attempt)
    const { logs } = await observer().until(attempt.uid, "running")
    const [source] = logs
    if (source === undefined) throw new Error("no log source")
    const chunks: LogChunk[] = []
    for await (const chunk of executor.logs(source, { signal: AbortSignal.timeout(15_000) })) chunks.push(chunk)
    const whole = Buffer.concat(chunks.map(({ bytes }) => bytes)).toString()
    let before = 0
    const step = Math.ceil(chunks.length / 10)
    for (const [index, { bytes, cursor }] of chunks.entries()) {
      before += bytes.length
      if (index % step !== 0 && index !== chunks.length - 1) continue
      expect(await readLog(executor, source, cursor)).toBe(whole.slice(before))
    }
  })

  test("a reader of what runs sees a line while it runs", async () => {
    const attempt = make({ run: newRun(), script: "echo first; sleep 2; echo second" })
    const { executor } = subject()
    await executor.start(attempt)
    const { logs } = await observer().until(attempt.uid, "running")
    const [source] = logs
    if (source === undefined) throw new Error("no log source")
    const pieces: string[] = []
    for await (const { bytes, at } of executor.logs(source, { signal: AbortSignal.timeout(15_000) })) {
      if (pieces.length === 0) expect(observer().last(attempt.uid)?.phase).toBe("running")
      expect(Date.parse(at)).toBeGreaterThan(0)
      pieces.push(Buffer.from(bytes).toString())
    }
    expect(pieces.join("")).toBe("first\nsecond\n")
  })

  test("a reader that is told to end ends, whatever the source does", async () => {
    const attempt = make({ run: newRun(), script: "echo up; sleep 60" })
    const { executor } = subject()
    await executor.start(attempt)
    const { logs } = await observer().until(attempt.uid, "running")
    const [source] = logs
    if (source === undefined) throw new Error("no log source")
    const stop = new AbortController()
    const reading = (async () => {
      for await (const _ of executor.logs(source, { signal: stop.signal })) stop.abort()
    })()
    await expect(Promise.race([reading.catch(() => undefined), later(5000)])).resolves.toBeUndefined()
    await executor.remove(attempt)
  })
}

function later(ms: number): Promise<string> {
  return new Promise((resolve) => setTimeout(() => resolve("still reading"), ms).unref())
}
