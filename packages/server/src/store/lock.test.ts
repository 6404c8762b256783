import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, afterEach, beforeEach, describe, expect, it } from "vitest"
import { createEngines } from "./engines-for-tests.ts"
import { lockFolder } from "./lock.ts"
import { openStore } from "./open.ts"
import { query } from "./postgres-for-tests.ts"
import { lockDatabase } from "./postgres-lock.ts"
import { at, fill, run } from "./rows-for-tests.ts"

describe("the lock of a folder", () => {
  let folder: string
  const children: ChildProcess[] = []
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "berth-lock-"))
  })
  afterEach(async () => {
    await Promise.all(children.splice(0).map(kill))
    await rm(folder, { recursive: true, force: true })
  })

  /** Another process that takes the lock: says `taken` or why not, and keeps it. */
  async function spawnOwner(): Promise<{ readonly child: ChildProcess; readonly said: string }> {
    const program = `
      import { lockFolder } from ${JSON.stringify(new URL("lock.ts", import.meta.url).href)}
      const said = await lockFolder(${JSON.stringify(folder)}).then(() => "taken", (error) => error.message)
      process.stdout.write(said + "\\n")
      setTimeout(() => {}, 60_000)`
    const flags = ["--conditions=@berth/source", "--input-type=module", "-e", program]
    const child = spawn(process.execPath, flags, { stdio: ["ignore", "pipe", "inherit"] })
    children.push(child)
    const [said] = await once(child.stdout, "data")
    return { child, said: String(said).trim() }
  }

  it("names its owner and refuses a second one by the owner's pid", async () => {
    const lock = await lockFolder(folder)
    expect(JSON.parse(await readFile(join(folder, "lock"), "utf8"))).toMatchObject({ pid: process.pid })
    expect((await stat(join(folder, "lock"))).mode & 0o777).toBe(0o600)
    const { said } = await spawnOwner()
    expect(said).toContain(`pid ${process.pid} `)
    await expect(lockFolder(folder)).rejects.toMatchObject({ code: "conflict" })
    lock.release()
    await expect(stat(join(folder, "lock"))).rejects.toThrow("ENOENT")
    ;(await lockFolder(folder)).release()
  })

  it("is free again when its owner was killed, whoever has its pid now", async () => {
    const { child } = await spawnOwner()
    await kill(child)
    const owner = JSON.parse(await readFile(join(folder, "lock"), "utf8"))
    expect(owner.pid).toBe(child.pid)
    await writeFile(join(folder, "lock"), JSON.stringify({ ...owner, pid: process.pid }))
    const lock = await lockFolder(folder)
    expect(JSON.parse(await readFile(join(folder, "lock"), "utf8"))).toMatchObject({ pid: process.pid })
    lock.release()
  })

  it("goes to one of many that want a dead owner's", async () => {
    await kill((await spawnOwner()).child)
    const wanting = await Promise.all(Array.from({ length: 6 }, spawnOwner))
    expect(wanting.filter(({ said }) => said === "taken")).toHaveLength(1)
    const owner = wanting.find(({ said }) => said === "taken")?.child.pid
    for (const { said } of wanting) expect(said === "taken" || said.includes(`pid ${owner} `)).toBe(true)
  })
})

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, "exit")
  child.kill("SIGKILL")
  await ended
}

const ownedHere =
  "locktype = 'advisory' and database = (select oid from pg_database where datname = current_database())"

describe.each(createEngines())("the owner of a store on $name", ({ name, skipped, open, end }) => {
  describe.skipIf(skipped)("with a database", () => {
    afterAll(end)

    it("is one, and the next one when it has closed", async () => {
      const { store, options } = await open()
      await fill(store, run("r1"))
      await expect(openStore(options)).rejects.toMatchObject({ code: "conflict" })
      expect(await store.runs.get("p", "r1")).toBeDefined()
      await store.close()
      const next = await openStore(options)
      expect(next.instance).toBe(store.instance)
      expect(await next.runs.get("p", "r1")).toBeDefined()
      expect(next.lost.aborted).toBe(false)
      await next.close()
    })

    if (name === "sqlite") return

    describe("by its session", () => {
      it("is one also where the folders differ, and is named", async () => {
        const { options } = await open()
        const dataDir = `${options.dataDir}-other`
        await expect(openStore({ ...options, dataDir })).rejects.toThrow(`pid ${process.pid} on`)
        await rm(dataDir, { recursive: true })
      })

      it("learns that it has lost its session, and the next one keeps it from writing", async () => {
        const { store, options } = await open()
        const url = String(options.databaseUrl)
        await fill(store, run("r1"))
        const lost = once(store.lost, "abort")
        await query(url, `select pg_terminate_backend(pid) from pg_locks where ${ownedHere}`)
        await lost
        expect(store.lost.reason).toMatchObject({ code: "unavailable" })
        const dataDir = `${options.dataDir}-next`
        const next = await openStore({ ...options, dataDir })
        await expect(store.runs.insert(run("r2"))).rejects.toThrow("taken over")
        const change = { project: "p", id: "r1", at: at(1), revision: 1, set: { state: "PENDING" } } as const
        expect(await next.runs.commit(change)).toBe(true)
        expect(await store.runs.commit({ ...change, revision: 2, set: {} })).toBe(false)
        await next.close()
        await rm(dataDir, { recursive: true })
      })

      it("learns it also when the database no longer answers", async () => {
        const { options } = await open()
        const url = `${options.databaseUrl}`.replace(/[^/]*$/, "postgres")
        const lock = await lockDatabase(url, 50)
        const [owner] = await query(url, `select pid from pg_locks where ${ownedHere}`)
        const pid = Number(owner?.pid)
        process.kill(pid, "SIGSTOP")
        await once(lock.lost, "abort")
        process.kill(pid, "SIGCONT")
        await lock.release()
      })
    })
  })
})
