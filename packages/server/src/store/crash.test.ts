import { spawn } from "node:child_process"
import { once } from "node:events"
import { afterAll, describe, expect, it } from "vitest"
import { scaled } from "../../../../scripts/scale.ts"
import { createRandom } from "../../../../scripts/seed.ts"
import type { Acknowledged } from "./crash-writer-for-tests.ts"
import { createEngines } from "./engines-for-tests.ts"
import { openStore, type StoreOptions } from "./open.ts"
import { at } from "./rows-for-tests.ts"
import type { RunRow, Store } from "./store.ts"

const kills = scaled("store-crash", { small: 4, full: 100 })
const states = ["READY", "PENDING", "RUNNING", "RUNNING", "COMPLETED"]

describe.each(createEngines())("a writer killed at any moment, on $name", ({ skipped, open, end }) => {
  describe.skipIf(skipped)("with a database", () => {
    afterAll(end)

    it("has written everything it acknowledged, and nothing by half", async () => {
      const { store, options } = await open()
      await store.close()
      const random = createRandom("store-crash")
      const acknowledged = new Map<string, number>()
      const ended = new Set<string>()
      for (let kill = 0; kill < kills; kill += 1) {
        for (const { run, revision } of await writeAndKill(options, 5 + 300 * random())) {
          if (run !== "") acknowledged.set(run, revision)
        }
        const again = await openStore(options)
        await check(again, acknowledged, ended)
        await again.close()
      }
      expect(acknowledged.size).toBeGreaterThan(kills)
    })
  })
})

/** Lets another process write, kills it so long after its first word, and returns everything it was told is stored. */
async function writeAndKill(options: StoreOptions, milliseconds: number): Promise<readonly Acknowledged[]> {
  const program = `
    import { writeForever } from ${JSON.stringify(new URL("crash-writer-for-tests.ts", import.meta.url).href)}
    import { writeSync } from "node:fs"
    await writeForever(${JSON.stringify(options)}, (line) => writeSync(1, line + "\\n"))`
  const flags = ["--conditions=@berth/source", "--input-type=module", "-e", program]
  const child = spawn(process.execPath, flags, { stdio: ["ignore", "pipe", "inherit"] })
  const closed = once(child, "close")
  let said = ""
  child.stdout.setEncoding("utf8").on("data", (text) => {
    said += text
  })
  await once(child.stdout, "data")
  setTimeout(() => child.kill("SIGKILL"), milliseconds)
  await closed
  const lines = said.split("\n").slice(0, -1)
  return lines.map((line) => JSON.parse(line))
}

/** Everything that was acknowledged is there; runs that have not `ended` in an earlier check are whole. */
async function check(store: Store, acknowledged: ReadonlyMap<string, number>, ended: Set<string>): Promise<void> {
  const { rows, total } = await store.runs.list("p", { page: 0, size: 1_000_000 })
  expect(total).toBe(rows.length)
  const found = new Map(rows.map((row) => [row.id, row]))
  for (const [id, revision] of acknowledged) expect(found.get(id)?.revision).toBeGreaterThanOrEqual(revision)
  for (const row of rows) {
    if (!ended.has(row.id)) await checkRun(store, row)
    if (row.state === "COMPLETED") ended.add(row.id)
  }
  const seqs = (await store.runs.transitionsAfter("p", 0, 1_000_000)).map((transition) => transition.seq)
  expect(seqs).toEqual(seqs.map((_, index) => index + 1))
}

/** Row, transitions, attempt and log of one run were written together at each of its revisions. */
async function checkRun(store: Store, row: RunRow): Promise<void> {
  const { id, revision } = row
  expect(row).toMatchObject({ state: states[revision - 1], ...(revision > 1 && { message: String(revision) }) })
  const story = states.slice(0, revision).filter((state, index) => state !== states[index - 1])
  expect((await store.runs.transitions("p", id)).map((transition) => transition.state)).toEqual(story)
  const attempts = await store.runs.attempts("p", id)
  expect(attempts.map((attempt) => attempt.started)).toEqual(revision === 1 ? [] : [at(revision - 2)])
  const streams = await store.logs.streams("p", id)
  expect(streams.map((stream) => stream.length)).toEqual(revision === 1 ? [] : [1000 * (revision - 1)])
  for (const stream of streams) {
    const chunks = await store.logs.read(stream, 0, 100)
    const bytes = Buffer.concat(chunks.map((chunk) => chunk.bytes))
    expect(bytes).toEqual(Buffer.concat(chunks.map((_, index) => Buffer.alloc(1000, index))))
    expect(bytes.length).toBe(stream.length)
    expect(stream.resume).toBe(`${chunks.length - 1}`)
  }
}
