import fc from "fast-check"
import { afterAll, describe, expect, it } from "vitest"
import { createEngines } from "./engines-for-tests.ts"
import { at, fill, run } from "./rows-for-tests.ts"
import type { LogKey, StoredChunk } from "./store.ts"

const key: LogKey = { project: "p", run: "r1", attempt: 1, instance: "local-1", container: "main" }

function chunk(offset: number, text: string, extra: Partial<StoredChunk> = {}): StoredChunk {
  return { offset, bytes: new Uint8Array(Buffer.from(text)), lines: [[0, at(1)]], resume: `after ${text}`, ...extra }
}

describe.each(createEngines())("logs on $name", ({ skipped, open, end }) => {
  describe.skipIf(skipped)("with a database", () => {
    afterAll(end)

    async function empty() {
      const { store } = await open()
      await fill(store, run("r1"), run("r2"))
      return store.logs
    }

    it("come back byte by byte, in order", async () => {
      const logs = await empty()
      const bytes = new Uint8Array(256).map((_, index) => index)
      const sent = [chunk(0, "one\n"), chunk(4, "", { bytes, lines: [] }), chunk(260, "", { gap: "lost\0 2 kB" })]
      await logs.append([{ ...key, chunks: sent }])
      expect(await logs.read(key, 0, 10)).toEqual(sent.map((part, index) => ({ ...part, number: index + 1 })))
      expect(await logs.streams("p", "r1")).toEqual([{ ...key, length: 260, resume: "after " }])
    })

    it("are read from any byte or after any chunk, so many at a time", async () => {
      const logs = await empty()
      await logs.append([{ ...key, chunks: [chunk(0, "abc"), chunk(3, "def"), chunk(6, "", { gap: "?" })] }])
      const numbers = async (...[from, limit]: [Parameters<typeof logs.read>[1], number]) =>
        (await logs.read(key, from, limit)).map((part) => part.number)
      expect(await numbers(2, 10)).toEqual([1, 2, 3])
      expect(await numbers(3, 10)).toEqual([2, 3])
      expect(await numbers(6, 10)).toEqual([3])
      expect(await numbers(7, 10)).toEqual([])
      expect(await numbers(0, 2)).toEqual([1, 2])
      expect(await numbers({ after: 2 }, 10)).toEqual([3])
      expect(await numbers({ after: 3 }, 10)).toEqual([])
      expect(await logs.read({ ...key, attempt: 2 }, 0, 10)).toEqual([])
    })

    it("are refused where they do not belong, with everything beside them", async () => {
      const logs = await empty()
      await logs.append([{ ...key, chunks: [chunk(0, "abc")] }])
      const other = { ...key, container: "side" }
      const twice = logs.append([
        { ...other, chunks: [chunk(0, "x")] },
        { ...key, chunks: [chunk(0, "abc")] },
      ])
      await expect(twice).rejects.toMatchObject({ code: "internal" })
      await expect(logs.append([{ ...key, chunks: [chunk(4, "e")] }])).rejects.toMatchObject({ code: "internal" })
      await expect(logs.append([{ ...key, run: "gone", chunks: [chunk(0, "e")] }])).rejects.toMatchObject({
        code: "not_found",
      })
      expect(await logs.streams("p", "r1")).toEqual([{ ...key, length: 3, resume: "after abc" }])
    })

    it("keep their streams apart, oldest first", async () => {
      const logs = await empty()
      const keys = [
        { ...key, attempt: 2 },
        key,
        { ...key, instance: "local-2" },
        { ...key, container: "side" },
        { ...key, run: "r2" },
      ]
      await logs.append(keys.map((each, index) => ({ ...each, chunks: [chunk(0, "x".repeat(index + 1))] })))
      await logs.append([{ ...key, chunks: [] }])
      expect((await logs.streams("p", "r1")).map((each) => each.length)).toEqual([1, 2, 3, 4])
      expect((await logs.streams("p", "r2")).map((each) => each.length)).toEqual([5])
      for (const [index, each] of keys.entries()) expect((await logs.read(each, 0, 9))[0]?.bytes.length).toBe(index + 1)
    })

    it("hold any bytes in any pieces", async () => {
      const logs = await empty()
      let attempt = 100
      await fc.assert(
        fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 8 }), async (pieces) => {
          attempt += 1
          const stream = { ...key, attempt }
          let offset = 0
          for (const bytes of pieces) {
            await logs.append([{ ...stream, chunks: [chunk(offset, "", { bytes })] }])
            offset += bytes.length
          }
          const read = await logs.read(stream, 0, 100)
          expect(Buffer.concat(read.map((part) => part.bytes))).toEqual(Buffer.concat(pieces))
        }),
        { numRuns: 30 },
      )
    })
  })
})
