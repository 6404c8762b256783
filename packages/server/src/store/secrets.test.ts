import { randomBytes } from "node:crypto"
import { chmod, mkdir, readdir, readFile, rename, stat, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { afterAll, describe, expect, it } from "vitest"
import { createEngines, type OpenedStore } from "./engines-for-tests.ts"
import { openStore } from "./open.ts"
import { query } from "./postgres-for-tests.ts"
import { at, fill, project, secret } from "./rows-for-tests.ts"

const page = { page: 0, size: 100 }

describe.each(createEngines())("secrets on $name", ({ skipped, open, end }) => {
  describe.skipIf(skipped)("with a database", () => {
    afterAll(end)

    async function filled(...names: readonly string[]): Promise<OpenedStore> {
      const opened = await open()
      await fill(opened.store)
      for (const name of names) expect(await opened.store.secrets.insert(secret(name))).toBe(true)
      return opened
    }

    it("are known by id and by name, once each", async () => {
      const { store } = await filled("b", "a")
      expect(await store.secrets.get("p", "id-a")).toEqual({ ...secret("a"), set: false })
      expect(await store.secrets.insert(secret("a", { id: "other" }))).toBe(false)
      expect(await store.secrets.insert(secret("other", { id: "id-a" }))).toBe(false)
      await store.projects.insert(project("q"))
      expect(await store.secrets.insert(secret("a", { project: "q" }))).toBe(true)
      const names = async (options: object) =>
        (await store.secrets.list("p", { ...page, ...options })).rows.map((row) => row.name)
      expect(await names({})).toEqual(["a", "b"])
      expect(await names({ name: "b" })).toEqual(["b"])
      expect(await names({ q: "A" })).toEqual(["a"])
      const metadata = { ...secret("a").metadata, description: "changed" }
      await store.secrets.update("p", "id-a", { metadata, updated: at(2) })
      await store.secrets.update("p", "id-a", {})
      expect(await store.secrets.get("p", "id-a")).toEqual({ ...secret("a", { metadata, updated: at(2) }), set: false })
      await store.secrets.remove("p", "id-a")
      expect(await names({})).toEqual(["b"])
    })

    it("keep values, change them, and lose them with the secret", async () => {
      const { store } = await filled("a", "b", "empty", "__proto__")
      const values = { a: "päss\0wörd 😀", b: "", ["__proto__"]: "odd" }
      expect(await store.secrets.setValues("p", values, at(1))).toEqual([])
      const read = await store.secrets.values("p", ["a", "b", "empty", "gone", "__proto__"])
      expect(Object.entries(read).sort()).toEqual(Object.entries(values).sort())
      expect(await store.secrets.get("p", "id-a")).toMatchObject({ set: true, updated: at(1) })
      await store.secrets.setValues("p", { a: "new" }, at(2))
      expect(await store.secrets.values("p", ["a"])).toEqual({ a: "new" })
      await store.secrets.remove("p", "id-a")
      await store.secrets.insert(secret("a"))
      expect(await store.secrets.values("p", ["a"])).toEqual({})
      expect(await store.secrets.values("p", [])).toEqual({})
    })

    it("name what has no secret, and store nothing then", async () => {
      const { store } = await filled("a")
      expect(await store.secrets.setValues("p", { a: "x", c: "y", b: "z" }, at(1))).toEqual(["c", "b"])
      expect(await store.secrets.values("p", ["a"])).toEqual({})
    })

    it("are nowhere in clear (I5)", async () => {
      const { store, options } = await filled("a")
      const canary = `canary-${randomBytes(12).toString("hex")}`
      await store.secrets.setValues("p", { a: canary }, at(1))
      const annotated = { kind: "Secret", metadata: { annotations: { last: canary } }, data: { k: canary } }
      await store.settings.putObjects("p", [annotated, { kind: "SealedThing", x: canary }], at(1))
      expect(await store.settings.objects("p")).toEqual([annotated, { kind: "SealedThing", x: canary }])
      expect(await everything(options)).not.toContain(canary)
      expect(await everything(options)).not.toContain(Buffer.from(canary).toString("hex"))
      expect(await everything(options)).toContain("id-a")
    })

    it("do not open in another place", async () => {
      const { store, options } = await filled("a", "b")
      await store.secrets.setValues("p", { a: "for a", b: "for b" }, at(1))
      await store.close()
      await swapValues(options)
      const again = await openStore(options)
      await expect(again.secrets.values("p", ["a"])).rejects.toMatchObject({ code: "internal" })
      await again.close()
    })

    it("stop the start when their key is gone, or is another, and leave everything as it was", async () => {
      const { store, options } = await filled("a")
      await store.secrets.setValues("p", { a: "value" }, at(1))
      await store.close()
      const file = join(options.dataDir, "secret.key")
      await rename(file, `${file}.away`)
      await expect(openStore(options)).rejects.toMatchObject({ code: "invalid", message: /secret\.key does not exist/ })
      await writeFile(file, `${randomBytes(32).toString("base64")}\n`, { mode: 0o600 })
      await expect(openStore(options)).rejects.toThrow("holds another key")
      await writeFile(file, "not a key")
      await expect(openStore(options)).rejects.toThrow("32 random bytes in base64")
      await rename(`${file}.away`, file)
      await chmod(file, 0o640)
      await expect(openStore(options)).rejects.toThrow("chmod 600")
      await chmod(file, 0o600)
      const again = await openStore(options)
      expect(await again.secrets.values("p", ["a"])).toEqual({ a: "value" })
      await again.close()
    })

    it("need no key before the first value; the one they get is nobody else's", async () => {
      const { store, options } = await filled("a")
      const file = join(options.dataDir, "secret.key")
      await store.secrets.values("p", ["a"])
      await expect(stat(file)).rejects.toThrow("ENOENT")
      await store.secrets.setValues("p", { a: "value" }, at(1))
      expect((await stat(file)).mode & 0o777).toBe(0o600)
    })

    it("take a key from a file of the administrator's", async () => {
      const { options } = await filled()
      const secretKeyFile = join(options.dataDir, "elsewhere.key")
      const key = randomBytes(32).toString("base64")
      await writeFile(secretKeyFile, key, { mode: 0o400 })
      const { store } = await open({ secretKeyFile })
      await fill(store)
      await store.secrets.insert(secret("a"))
      await store.secrets.setValues("p", { a: "value" }, at(1))
      expect(await store.secrets.values("p", ["a"])).toEqual({ a: "value" })
      expect(await readFile(secretKeyFile, "utf8")).toBe(key)
    })

    describe("under a new key", () => {
      async function withValues(): Promise<OpenedStore & { readonly file: string }> {
        const opened = await filled("a", "b", "empty")
        await opened.store.secrets.setValues("p", { a: "one", b: "two" }, at(1))
        await opened.store.settings.putObjects("p", [{ kind: "Secret", data: { k: "dg==" } }, { kind: "Node" }], at(1))
        return { ...opened, file: join(opened.options.dataDir, "secret.key") }
      }

      it("read as before, and the old key is of no use", async () => {
        const { store, options, file } = await withValues()
        const before = await readFile(file, "utf8")
        expect(await store.secrets.rotateKey()).toBe(3)
        expect(await store.secrets.values("p", ["a", "b"])).toEqual({ a: "one", b: "two" })
        expect(await store.settings.objects("p")).toEqual([{ kind: "Secret", data: { k: "dg==" } }, { kind: "Node" }])
        const after = await readFile(file, "utf8")
        expect(after.trim().split("\n")).toHaveLength(1)
        expect(after).not.toBe(before)
        await store.close()
        const again = await openStore(options)
        expect(await again.secrets.values("p", ["a", "b"])).toEqual({ a: "one", b: "two" })
        await again.close()
        await writeFile(file, before)
        await expect(openStore(options)).rejects.toThrow("holds another key")
      })

      it.each(["before", "after"] as const)("read also when the server died %s the commit", async (moment) => {
        const { store, options, file } = await withValues()
        const old = await readFile(file, "utf8")
        if (moment === "after") await store.secrets.rotateKey()
        const other = moment === "after" ? await readFile(file, "utf8") : `${randomBytes(32).toString("base64")}\n`
        await store.close()
        await writeFile(file, old + other)
        const again = await openStore(options)
        expect(await again.secrets.values("p", ["a", "b"])).toEqual({ a: "one", b: "two" })
        await again.secrets.setValues("p", { empty: "three" }, at(2))
        expect(await again.secrets.rotateKey()).toBe(4)
        await again.close()
        expect((await readFile(file, "utf8")).trim().split("\n")).toHaveLength(1)
        const third = await openStore(options)
        expect(await third.secrets.values("p", ["a", "b", "empty"])).toEqual({ a: "one", b: "two", empty: "three" })
        await third.close()
      })

      it("stay as they are when the key file can't be written", async () => {
        const { store, options, file } = await withValues()
        const before = await readFile(file, "utf8")
        await mkdir(`${file}.next`)
        await expect(store.secrets.rotateKey()).rejects.toMatchObject({ code: "unavailable" })
        await store.close()
        expect(await readFile(file, "utf8")).toBe(before)
        const again = await openStore(options)
        expect(await again.secrets.values("p", ["a", "b"])).toEqual({ a: "one", b: "two" })
        await again.close()
      })

      it("are all under it, whatever was stored meanwhile", async () => {
        const { store, options, file } = await withValues()
        const write = async (index: number) => {
          await store.secrets.setValues("p", { a: `a${index}` }, at(index))
          await store.settings.putObjects("p", [{ kind: "Secret", data: { index } }], at(index))
        }
        const writes = Array.from({ length: 20 }, (_, index) => write(index))
        await Promise.all([store.secrets.rotateKey(), ...writes, store.secrets.setValues("p", { b: "b" }, at(1))])
        await store.close()
        expect((await readFile(file, "utf8")).trim().split("\n")).toHaveLength(1)
        const again = await openStore(options)
        expect(Object.keys(await again.secrets.values("p", ["a", "b"]))).toHaveLength(2)
        expect(await again.settings.objects("p")).toHaveLength(1)
        await again.close()
      })
    })
  })
})

/** Every byte that the store has written, as text. */
async function everything({ dataDir, databaseUrl }: OpenedStore["options"]): Promise<string> {
  const names = (await readdir(dataDir)).filter((name) => name !== "secret.key")
  const files = await Promise.all(names.map((name) => readFile(join(dataDir, name), "latin1")))
  const tables = ["secrets", "objects", "projects", "entities", "instance"]
  const rows =
    databaseUrl === undefined
      ? []
      : await Promise.all(tables.map((name) => query(databaseUrl, `select * from ${name}`)))
  return (
    files.join("") +
    JSON.stringify(rows, (_, value) => (isBuffer(value) ? Buffer.from(value.data).toString("latin1") : value))
  )
}

function isBuffer(value: unknown): value is { readonly data: number[] } {
  return typeof value === "object" && value !== null && "type" in value && value.type === "Buffer"
}

async function swapValues({ dataDir, databaseUrl }: OpenedStore["options"]): Promise<void> {
  const swap = "update secrets set value = (select other.value from secrets other where other.name <> secrets.name)"
  if (databaseUrl !== undefined) {
    await query(databaseUrl, swap)
    return
  }
  const { DatabaseSync } = await import("node:sqlite")
  const file = new DatabaseSync(join(dataDir, "berth.db"))
  file.exec(swap)
  file.close()
}
