import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout } from "node:timers/promises"
import { afterEach, beforeEach, expect, it } from "vitest"
import { createRandom } from "../../../scripts/seed.ts"
import { tailFile } from "./log-tail.ts"

const random = createRandom("log tail")
let folder = ""
let path = ""
let isEnded = false
const now = () => new Date(0)

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "berth-log-"))
  path = join(folder, "log")
  isEnded = false
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const tail = (signal: AbortSignal, resume?: string) =>
  tailFile(path, { signal, now, ended: () => isEnded, ...(resume !== undefined && { resume }) })

it("gives every byte once, in order, while it is written, and goes on where it was cut off", async () => {
  let written = ""
  const write = async () => {
    for (let line = 0; line < 200; line++) {
      const text = `${line} ${"x".repeat(Math.floor(random() * 2000))}\n`
      written += text
      appendFileSync(path, text)
      if (random() < 0.2) await setTimeout(random() * 5)
    }
    isEnded = true
    writeFileSync(join(folder, "exit"), "end\n")
  }
  const writing = write()
  let got = Buffer.alloc(0)
  let cursor: string | undefined
  while (!(isEnded && got.length === written.length)) {
    const abort = new AbortController()
    for await (const chunk of tail(abort.signal, cursor)) {
      got = Buffer.concat([got, chunk.bytes])
      cursor = chunk.cursor
      if (random() < 0.1) break
    }
  }
  await writing
  expect(got.toString()).toBe(written)
})

it("waits for a file that is not there yet, sees it at once, and ends with its writer", async () => {
  const chunks: string[] = []
  const abort = new AbortController()
  const reading = (async () => {
    for await (const { bytes } of tail(abort.signal)) chunks.push(Buffer.from(bytes).toString())
  })()
  await setTimeout(50)
  writeFileSync(path, "late\n")
  await setTimeout(100)
  expect(chunks).toEqual(["late\n"])
  isEnded = true
  writeFileSync(join(folder, "exit"), "end\n")
  await reading
})

it("ends when nobody wants it any more", async () => {
  const abort = new AbortController()
  const reading = (async () => {
    for await (const chunk of tail(abort.signal)) expect(chunk).toBeUndefined()
  })()
  abort.abort()
  await reading
})
