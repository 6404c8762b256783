import { execFileSync } from "node:child_process"
import { createHash } from "node:crypto"
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { fileURLToPath } from "node:url"
import { afterAll, describe, expect, it } from "vitest"
import { postgresFolder } from "../../../../scripts/parts.ts"
import { createEngines, type OpenedStore } from "./engines-for-tests.ts"
import { migrations } from "./migrations/migrate.ts"
import { openStore } from "./open.ts"
import { query } from "./postgres-for-tests.ts"
import { at, attempt, entity, project, run, secret } from "./rows-for-tests.ts"
import type { Store } from "./store.ts"

/**
 * A database of every landed schema, for both engines, that each later program must open. `BERTH_WRITE_DATABASES=1`
 * makes the newest schema's if there is none yet; then its hash goes in here. What is there is never made again.
 */
const folder = fileURLToPath(new URL("../../../../fixtures/databases/", import.meta.url))
const hashes: Readonly<Record<string, string>> = {
  "0001.sqlite": "78cd167d6ef759a36a63bdb22f3efac2d4da7119faf8e71123153f7805881154",
  "0001.postgres.sql": "b21533445dc93fd445fcd98fcbc1d84b60a037dfb838dcfe7cc88400f1e8ed1a",
}
const key = Buffer.alloc(32, 7).toString("base64")
/** `secret value` under that key with one certain nonce, so that the file comes out the same. */
const sealedSecret =
  "0181bbb4b488d573d409090909090909090909090954e0e7e6db84e117c10ebe5de753b9f6a6ca3df79d35b03176d4747c"

const stream = { project: "p", run: "r1", attempt: 1, instance: "local-1", container: "main" }
const chunk = { offset: 0, bytes: new Uint8Array(Buffer.from("hello\n")), lines: [[0, at(3)]] as const, resume: "6" }
const ended = attempt("r1", 1, { started: at(2), ended: at(4), removed: at(5), findings: [] })
const labelled = { ...entity("x").metadata, labels: ["red"] }
const functionRow = entity("f1", { spec: { z: 1, a: [null, "😀"] }, metadata: labelled })
const token = {
  id: "t1",
  user: "ada",
  name: "laptop",
  hash: "0".repeat(64),
  role: "user",
  projects: ["p"],
  created: at(0),
} as const
const share = { id: "s1", project: "p", owner: "ada", user: "bob", created: at(0) }
const completed = run("r1", { built: { attempt: ended.attempt, requirements: {}, provenance: {}, findings: [] } })

async function fillDatabase(store: Store): Promise<void> {
  await store.projects.insert(project("p", { spec: { source: "git" } }))
  await store.entities.insert(functionRow)
  await store.entities.insert(entity("t1", { type: "task", name: "t1", functionRef: "python://p/train:f1" }))
  await store.runs.insert(completed)
  await store.runs.insert(run("r2", { message: "waits" }))
  await store.runs.insert(run("gone"))
  const set = { state: "COMPLETED", message: "done", results: { output: 1 }, finished: at(4) } as const
  const change = { project: "p", id: "r1", revision: 1, at: at(4), set }
  await store.runs.commit({ ...change, attempts: [ended], logs: [{ ...stream, chunks: [chunk] }] })
  await store.runs.remove("p", "gone", at(6))
  await store.secrets.insert(secret("a"))
  await store.secrets.setValues("p", { a: "secret value" }, at(1))
  await store.settings.putProfile({ name: "large", requirements: { resources: { mem: "64Gi" } } }, at(1))
  await store.settings.putPolicy("p", { volumes: "deny" }, at(1))
  await store.settings.putObjects("p", [{ kind: "Node", metadata: { name: "n" } }], at(1))
  await store.principals.insertToken(token)
  await store.principals.share(share)
}

async function checkDatabase(store: Store): Promise<void> {
  const page = { page: 0, size: 10 }
  expect(store.instance).toBe("0123456789abcdef0123456789abcdef")
  expect(await store.projects.get("p")).toEqual(project("p", { spec: { source: "git" } }))
  expect(await store.entities.latest("p", "function", "train")).toEqual(functionRow)
  const { rows: labelledRows } = await store.entities.list("p", "function", {
    ...page,
    versions: "all",
    labels: ["red"],
  })
  expect(labelledRows).toHaveLength(1)
  expect(await store.runs.get("p", "r1")).toMatchObject({
    ...completed,
    state: "COMPLETED",
    message: "done",
    revision: 2,
  })
  expect((await store.runs.list("p", page)).rows.map((row) => row.id)).toEqual(["r2", "r1"])
  expect(await store.runs.attempts("p", "r1")).toEqual([ended])
  expect((await store.runs.transitionsAfter("p", 0, 10)).map((row) => [row.seq, row.run, row.state])).toEqual([
    [1, "r1", "READY"],
    [2, "r2", "READY"],
    [4, "r1", "COMPLETED"],
    [5, "gone", "DELETED"],
  ])
  expect(await store.logs.read(stream, 0, 10)).toEqual([{ ...chunk, number: 1 }])
  expect(await store.secrets.values("p", ["a"])).toEqual({ a: "secret value" })
  expect(await store.settings.profiles()).toHaveLength(1)
  expect(await store.settings.policy("p")).toEqual({ volumes: "deny" })
  expect(await store.settings.objects("p")).toEqual([{ kind: "Node", metadata: { name: "n" } }])
  expect(await store.principals.tokens("ada")).toEqual([token])
  expect(await store.principals.shares("p")).toEqual([share])
  expect(await store.runs.live()).toEqual([{ project: "p", id: "r2" }])
  expect(await store.runs.insert(run("new"))).toBe(true)
  expect((await store.runs.transitionRange("p")).last).toBe(6)
}

const newest = String(migrations.at(-1)?.version).padStart(4, "0")
const versions = [...new Set(Object.keys(hashes).map((name) => name.slice(0, 4)))]

describe("databases of landed schemas", () => {
  it("are there for every schema, unchanged", () => {
    expect(versions.at(-1)).toBe(newest)
    for (const [name, hash] of Object.entries(hashes)) {
      const bytes = readFileSync(join(folder, name))
      expect([name, createHash("sha256").update(bytes).digest("hex")]).toEqual([name, hash])
    }
  })
})

describe.each(createEngines())("databases of landed schemas on $name", ({ name, skipped, open, end }) => {
  describe.skipIf(skipped)("with a database", () => {
    const own = mkdtempSync(join(tmpdir(), "berth-databases-"))
    afterAll(async () => {
      await end()
      rmSync(own, { recursive: true })
    })

    /** An empty place for a store, with the key of the fixtures. */
    async function place(): Promise<OpenedStore["options"]> {
      const { store, options } = await open()
      await store.close()
      writeFileSync(join(options.dataDir, "secret.key"), key, { mode: 0o600 })
      if (options.databaseUrl === undefined) rmSync(join(options.dataDir, "berth.db"))
      else await query(options.databaseUrl, "drop schema public cascade; create schema public")
      return options
    }

    async function load(options: OpenedStore["options"], version: string): Promise<void> {
      if (options.databaseUrl === undefined) {
        copyFileSync(join(folder, `${version}.sqlite`), join(options.dataDir, "berth.db"))
      } else {
        await query(options.databaseUrl, readFileSync(join(folder, `${version}.postgres.sql`), "utf8"))
      }
    }

    async function write(): Promise<void> {
      const options = await place()
      const store = await openStore(options)
      await fillDatabase(store)
      await store.close()
      mkdirSync(folder, { recursive: true })
      const fix = [
        "update instance set instance = '0123456789abcdef0123456789abcdef', epoch = 1",
        `update secrets set value = ${name === "sqlite" ? `x'${sealedSecret}'` : `'\\x${sealedSecret}'`}`,
      ].join("; ")
      if (options.databaseUrl === undefined) writeSqlite(join(options.dataDir, "berth.db"), fix)
      else await writePostgres(options.databaseUrl, fix)
    }

    if (process.env.BERTH_WRITE_DATABASES === "1") it("are written", write)

    it.each(versions)("%s opens, with everything that is in it", async (version) => {
      const options = await place()
      await load(options, version)
      const store = await openStore(options)
      await checkDatabase(store)
      await store.close()
    })

    it.each(versions)("%s becomes the schema that a new database has", async (version) => {
      const fresh = await place()
      await (await openStore(fresh)).close()
      const upgraded = await place()
      await load(upgraded, version)
      await (await openStore(upgraded)).close()
      expect(await readSchema(upgraded)).toEqual(await readSchema(fresh))
      expect((await readSchema(fresh)).length).toBeGreaterThan(20)
    })

    it("of a newer program are refused and left as they are", async () => {
      const options = await place()
      await (await openStore(options)).close()
      await change(options, "insert into schema_versions (version, name) values (9999, 'tomorrow')")
      await expect(openStore(options)).rejects.toMatchObject({
        code: "unsupported",
        message: /schema 9999 \(tomorrow\)/,
      })
      await change(options, "delete from schema_versions where version = 9999")
      await (await openStore(options)).close()
    })
  })
})

async function change({ dataDir, databaseUrl }: OpenedStore["options"], text: string): Promise<void> {
  if (databaseUrl !== undefined) {
    await query(databaseUrl, text)
    return
  }
  const file = new DatabaseSync(join(dataDir, "berth.db"))
  file.exec(text)
  file.close()
}

/** Tables with their columns, and indexes. */
async function readSchema({ dataDir, databaseUrl }: OpenedStore["options"]): Promise<readonly unknown[]> {
  if (databaseUrl === undefined) {
    const file = new DatabaseSync(join(dataDir, "berth.db"), { readOnly: true })
    const rows = file.prepare("select type, name, sql from sqlite_master order by type, name").all()
    file.close()
    return rows.map((row) => ({ ...row }))
  }
  const columns = await query(
    databaseUrl,
    `select table_name, column_name, data_type, is_nullable, collation_name from information_schema.columns
     where table_schema = 'public' order by table_name, column_name`,
  )
  const indexes = await query(databaseUrl, "select indexdef from pg_indexes where schemaname = 'public' order by 1")
  const constraints = await query(
    databaseUrl,
    "select conname, pg_get_constraintdef(oid) from pg_constraint where contype in ('c', 'f', 'p', 'u') and connamespace = 'public'::regnamespace order by 1",
  )
  return [...columns, ...indexes, ...constraints]
}

function writeSqlite(path: string, fix: string): void {
  const target = join(folder, `${newest}.sqlite`)
  if (existsSync(target)) return
  const file = new DatabaseSync(path)
  file.exec(`${fix}; pragma journal_mode = delete; vacuum into '${target}'`)
  file.close()
}

async function writePostgres(url: string, fix: string): Promise<void> {
  const target = join(folder, `${newest}.postgres.sql`)
  if (existsSync(target)) return
  await query(url, fix)
  const flags = ["--inserts", "--no-owner", "--no-privileges", "--no-comments", "--schema=public", url]
  const dump = execFileSync(join(postgresFolder() ?? "", "pg_dump"), flags, { encoding: "utf8" })
  const lines = dump.split("\n").filter((line) => !/^(--|\\|CREATE SCHEMA)/.test(line))
  writeFileSync(
    target,
    lines
      .join("\n")
      .replaceAll(/\n{2,}/g, "\n\n")
      .trimStart(),
  )
}
