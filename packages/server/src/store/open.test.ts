import { mkdtemp, rm, stat } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, afterEach, beforeEach, describe, expect, it } from "vitest"
import { createEngines } from "./engines-for-tests.ts"
import { openStore } from "./open.ts"
import { query } from "./postgres-for-tests.ts"
import { fill, run } from "./rows-for-tests.ts"

describe("openStore", () => {
  let folder: string
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "berth-open-"))
  })
  afterEach(() => rm(folder, { recursive: true }))

  it("makes a folder and files that are nobody else's", async () => {
    const dataDir = join(folder, "deep", "data")
    const store = await openStore({ dataDir })
    expect((await stat(dataDir)).mode & 0o777).toBe(0o700)
    for (const name of ["berth.db", "berth.db-wal", "lock"]) {
      expect([name, (await stat(join(dataDir, name))).mode & 0o777]).toEqual([name, 0o600])
    }
    await store.close()
    await store.close()
  })

  it("says that a database can't be reached, without its password, and leaves the folder free", async () => {
    const databaseUrl = "postgres://me:hunter22@127.0.0.1:1/x"
    const error = await openStore({ dataDir: folder, databaseUrl }).catch((reason: unknown) => reason)
    expect(error).toMatchObject({ code: "unavailable" })
    expect(String(error)).not.toContain("hunter22")
    const store = await openStore({ dataDir: folder })
    await store.close()
  })
})

describe.each(createEngines())("a store on $name", ({ name, skipped, open, end }) => {
  describe.skipIf(skipped)("with a database", () => {
    afterAll(end)

    it("keeps everything and its own id from one opening to the next", async () => {
      const { store, options } = await open()
      await fill(store, run("r1"))
      const before = await store.runs.get("p", "r1")
      await store.close()
      const again = await openStore(options)
      expect(again.instance).toMatch(/^[0-9a-f]{32}$/)
      expect(again.instance).toBe(store.instance)
      expect(await again.runs.get("p", "r1")).toEqual(before)
      await again.close()
    })

    if (name === "sqlite") return

    it("refuses a database that can't hold every text", async () => {
      const { options } = await open()
      const url = String(options.databaseUrl)
      await query(url, "create database latin encoding 'LATIN1' template template0 locale_provider libc locale 'C'")
      const databaseUrl = url.replace(/[^/]*$/, "latin")
      const dataDir = `${options.dataDir}-latin`
      await expect(openStore({ dataDir, databaseUrl })).rejects.toThrow("LATIN1")
      await rm(dataDir, { recursive: true })
    })

    it("goes on when its idle connections are cut", async () => {
      const { store, options } = await open()
      await fill(store, run("r1"))
      const url = String(options.databaseUrl)
      await query(
        url,
        `select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database()
         and pid <> pg_backend_pid() and pid not in (select pid from pg_locks where locktype = 'advisory')`,
      )
      await new Promise((resolve) => setTimeout(resolve, 100))
      expect(await store.runs.insert(run("r2"))).toBe(true)
      expect(await store.runs.get("p", "r1")).toBeDefined()
      expect(store.lost.aborted).toBe(false)
    })
  })
})
