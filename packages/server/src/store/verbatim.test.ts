import type { JsonObject } from "@berth/spec"
import fc from "fast-check"
import { afterAll, describe, expect, it } from "vitest"
import { createEngines } from "./engines-for-tests.ts"
import { at, entity, project, run } from "./rows-for-tests.ts"

const text = fc.oneof(
  fc.string({ unit: "grapheme" }),
  fc.string({ unit: "binary" }),
  fc.constantFrom("\0", "\ud800", "\udfff\ud800", "�", "'\"\\", "%_", "\u2028"),
)
const member = fc.oneof(text, fc.constantFrom("__proto__", "constructor", "toString", "10", "9", ""))
const { value } = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom(null, true, false),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.constantFrom(0.1, 1e21, 1e-7, 5e-324, Number.MAX_VALUE, Number.MAX_SAFE_INTEGER, 2 ** 53),
    text,
    fc.array(tie("value"), { maxLength: 4 }),
    tie("object"),
  ),
  object: fc.array(fc.tuple(member, tie("value")), { maxLength: 4 }).map(toObject),
}))
const object = fc.array(fc.tuple(member, value), { maxLength: 6 }).map(toObject)

/** As the parser of a request's body makes it: `__proto__` is a member like any other. */
function toObject(members: readonly (readonly [string, unknown])[]): JsonObject {
  return JSON.parse(JSON.stringify(Object.fromEntries(members)))
}

describe.each(createEngines())("what a user sent, on $name", ({ skipped, open, end }) => {
  describe.skipIf(skipped)("with a database", () => {
    afterAll(end)

    it("comes back equal as JSON, members in their order", async () => {
      const { store } = await open()
      await store.projects.insert(project("p"))
      let count = 0
      await fc.assert(
        fc.asyncProperty(object, object, async (spec, status) => {
          count += 1
          const id = `id${count}`
          const metadata = { ...entity("x").metadata, ...(JSON.parse(JSON.stringify(status)) as object) }
          await store.entities.insert(entity(id, { spec, status, metadata, extensions: [spec] }))
          await store.runs.insert(run(id, { spec, status, results: spec, metadata }))
          await store.projects.update("p", { spec, updated: at(1) })
          const read = [
            await store.entities.get("p", "function", id),
            await store.runs.get("p", id),
            (await store.runs.list("p", { page: 0, size: 1, ids: [id] })).rows[0],
          ]
          for (const row of read) {
            expect(JSON.stringify([row?.spec, row?.status, row?.metadata])).toBe(
              JSON.stringify([spec, status, metadata]),
            )
          }
          expect(JSON.stringify((await store.projects.get("p"))?.spec)).toBe(JSON.stringify(spec))
          expect(JSON.stringify(read[0]?.extensions)).toBe(JSON.stringify([spec]))
        }),
        { numRuns: 60 },
      )
    })

    it("may be a megabyte", async () => {
      const { store } = await open()
      await store.projects.insert(project("p"))
      const spec = { source: { base64: "QUJD".repeat(300_000) } }
      await store.entities.insert(entity("big", { spec }))
      expect((await store.entities.get("p", "function", "big"))?.spec).toEqual(spec)
    })

    it("is text in the filters too: nothing of it is a statement or an error", async () => {
      const { store } = await open()
      await store.projects.insert(project("p"))
      await store.runs.insert(run("r1"))
      await fc.assert(
        fc.asyncProperty(text, text, async (q, name) => {
          const options = { page: 0, size: 5, q, name, functionRef: name, ids: [q] }
          expect((await store.runs.list("p", options)).rows).toEqual([])
          await store.entities.list("p", "function", { page: 0, size: 5, versions: "latest", q, labels: [name] })
          await store.projects.list({ page: 0, size: 5, q, names: [name], created: { from: q, to: name } })
        }),
        { numRuns: 60, examples: [["'; drop table runs; --", "\0"]] },
      )
      expect(await store.runs.get("p", "r1")).toBeDefined()
    })
  })
})
