import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { sql } from "kysely"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import type { Body, Engine } from "./engine.ts"
import { migrate } from "./migrations/migrate.ts"
import { openSqlite } from "./sqlite.ts"

describe("group commit", () => {
  let folder: string
  let engine: Engine
  let commits: number

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), "berth-group-"))
    commits = 0
    engine = openSqlite(join(folder, "berth.db"), (text) => {
      if (text === "commit") commits += 1
    })
    await migrate(engine)
    commits = 0
  })
  afterEach(async () => {
    await engine.close()
    rmSync(folder, { recursive: true })
  })

  const insert =
    (name: string, size = 10): Body<string> =>
    async (database) => {
      const profile_json = JSON.stringify("x".repeat(size))
      await database.insertInto("profiles").values({ name, profile_json, updated: "" }).execute()
      return name
    }
  const names = async () =>
    (await engine.database.selectFrom("profiles").select("name").orderBy("name").execute()).map((row) => row.name)

  it("acknowledges what was written in one turn by one commit", async () => {
    const all = Array.from({ length: 50 }, (_, index) => `n${String(index).padStart(2, "0")}`)
    expect(await Promise.all(all.map((name) => engine.transact(insert(name))))).toEqual(all)
    expect(await names()).toEqual(all)
    expect(commits).toBe(1)
    await engine.transact(insert("z1"))
    await engine.transact(insert("z2"))
    expect(commits).toBe(3)
  })

  it("goes on with what came while it wrote", async () => {
    const late: Promise<unknown>[] = []
    await engine.transact(async (database) => {
      late.push(engine.transact(insert("late")))
      await insert("early")(database)
    })
    await Promise.all(late)
    expect(await names()).toEqual(["early", "late"])
  })

  it("takes only the failing body back", async () => {
    const results = await Promise.allSettled([
      engine.transact(insert("a")),
      engine.transact(async (database) => {
        await insert("half")(database)
        throw new Error("no")
      }),
      engine.transact(insert("a")),
      engine.transact(insert("b")),
    ])
    expect(results.map((result) => result.status)).toEqual(["fulfilled", "rejected", "rejected", "fulfilled"])
    expect(results[1]).toMatchObject({ reason: { message: "no" } })
    expect(await names()).toEqual(["a", "b"])
  })

  it("shows nothing to a reader before its commit", async () => {
    const { promise: wait, resolve: go } = Promise.withResolvers<void>()
    const write = engine.transact(async (database) => {
      await insert("a")(database)
      await wait
    })
    await new Promise((resolve) => setTimeout(resolve, 20))
    const other = new DatabaseSync(join(folder, "berth.db"), { readOnly: true })
    expect(other.prepare("select name from profiles").all()).toEqual([])
    other.close()
    const read = names()
    go()
    await write
    expect(await read).toEqual(["a"])
  })

  it("waits for another program that holds the file", async () => {
    const other = new DatabaseSync(join(folder, "berth.db"))
    other.exec("begin immediate")
    setTimeout(() => other.close(), 400)
    await Promise.all([engine.transact(insert("a")), engine.transact(insert("b"))])
    expect(await names()).toEqual(["a", "b"])
  })

  it("says that the disk is full, and has written nothing of what it refused", async () => {
    await engine.transact(insert("before"))
    const { rows } = await sql<{ page_count: number }>`pragma page_count`.execute(engine.database)
    await sql.raw(`pragma max_page_count = ${Number(rows[0]?.page_count) + 4}`).execute(engine.database)
    const results = await Promise.allSettled([
      engine.transact(insert("small")),
      engine.transact(insert("big", 1_000_000)),
      engine.transact(insert("small too")),
    ])
    expect(results[1]).toMatchObject({ status: "rejected", reason: { code: "unavailable" } })
    const kept = ["small", "small too"].filter((_, index) => results[2 * index]?.status === "fulfilled")
    expect(await names()).toEqual(["before", ...kept])
    await sql`pragma max_page_count = 1000000`.execute(engine.database)
    await engine.transact(insert("big", 1_000_000))
    expect(await names()).toEqual(["before", "big", ...kept])
  })
})
