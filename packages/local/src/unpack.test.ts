import { execFileSync } from "node:child_process"
import { existsSync, lstatSync, readlinkSync } from "node:fs"
import { mkdir, readdir, readFile, readlink, rm, stat, symlink, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { gzipSync } from "node:zlib"
import { BerthError, type Code } from "@berth/spec"
import fc from "fast-check"
import { afterEach, beforeEach, describe, expect, test } from "vitest"
import { readTar, TarError } from "./tar.ts"
import { makeDataFolder } from "./testing/call-handler.ts"
import { header, pax, type TestEntry, tarOf } from "./testing/make-tar.ts"
import { unpackCode } from "./unpack.ts"

const archive = (bytes: Uint8Array): Code => ({ form: "tar.gz", base64: gzipSync(bytes).toString("base64") })

/** Where a path leads through every link, also when nothing is there; a circle leads nowhere. */
function follow(path: string, steps = 40): string {
  let place = "/"
  const parts = path.split("/")
  for (const [index, part] of parts.entries()) {
    const next = join(place, part)
    const isLink = lstatSync(next, { throwIfNoEntry: false })?.isSymbolicLink() === true
    if (!isLink) place = next
    else if (steps === 0) return place
    else return follow([place, readlinkSync(next), ...parts.slice(index + 1)].join("/"), steps - 1)
  }
  return place
}

describe("unpacking code", () => {
  let data = ""
  let folder = ""
  beforeEach(async () => {
    data = await makeDataFolder()
    folder = join(data, "work")
  })
  afterEach(() => rm(data, { recursive: true, force: true }))
  const unpack = (code: Code) => unpackCode(code, { folder, defaultName: "main.py" })

  test("a file is written as it is", async () => {
    await unpack({ form: "file", name: "pkg/é.py", base64: Buffer.from("x\0\xff", "latin1").toString("base64") })
    expect(await readFile(join(folder, "pkg/é.py"), "latin1")).toBe("x\0\xff")
  })

  test("a file without a name gets the handler's", async () => {
    await unpack({ form: "file", base64: "" })
    expect(await readdir(folder)).toEqual(["main.py"])
  })

  test.for(["gnu", "ustar", "pax"])("what tar --format=%s packs comes back the same", async (format) => {
    const source = join(data, "source")
    const long = join(format === "ustar" ? "a".repeat(90) : "é".repeat(100), "b".repeat(90), "deep.txt")
    await mkdir(join(source, long, ".."), { recursive: true })
    await writeFile(join(source, long), "deep")
    await writeFile(join(source, "run.sh"), "#!/bin/sh\n", { mode: 0o4755 })
    await mkdir(join(source, "empty"))
    await symlink("../run.sh", join(source, "empty", "link"))
    await writeFile(join(source, "large"), Buffer.alloc(100_000, 7))
    execFileSync("ln", [join(source, "run.sh"), join(source, "hard.sh")])
    const bytes = execFileSync("tar", ["-C", source, `--format=${format}`, "-cf", "-", "."], { maxBuffer: 1e7 })
    await unpack(archive(bytes))
    execFileSync("diff", ["-r", "--no-dereference", source, folder])
    expect(await readlink(join(folder, "empty", "link"))).toBe("../run.sh")
    expect((await stat(join(folder, "run.sh"))).mode & 0o7777).toBe(0o755)
  })

  test.for<[string, readonly TestEntry[] | Uint8Array, RegExp]>([
    ["an absolute path", [{ name: "/etc/cron.d/x", body: "x" }], /"\/etc\/cron.d\/x" is an absolute path/],
    ["a path that climbs", [{ name: "a/../../x", body: "x" }], /leads out of the folder/],
    ["a path that climbs in a pax header", [{ name: "x", body: "x", pax: { path: "../x" } }], /leads out/],
    ["a link to an absolute path", [{ name: "x", type: "2", linkName: "/etc/passwd" }], /not surely inside/],
    ["a link that climbs", [{ name: "a/x", type: "2", linkName: "../../x" }], /not surely inside/],
    ["a link that climbs late", [{ name: "a/x", type: "2", linkName: "b/../../../x" }], /not surely inside/],
    [
      "a link that climbs through a link",
      [
        { name: "d/e/l", type: "2", linkName: "../../t" },
        { name: "m", type: "2", linkName: "d/e/l/../.." },
      ],
      /"m" links to/,
    ],
    [
      "a file below a link",
      [
        { name: "l", type: "2", linkName: "." },
        { name: "l/x", body: "x" },
      ],
      /"l\/x" lies below "l", which is a symlink/,
    ],
    [
      "a file below a file",
      [
        { name: "f", body: "x" },
        { name: "f/x", body: "x" },
      ],
      /which is a file/,
    ],
    [
      "a file over a link",
      [
        { name: "l", type: "2", linkName: "x" },
        { name: "l", body: "x" },
      ],
      /"l" is in the archive twice/,
    ],
    ["a hard link to a file of the machine", [{ name: "x", type: "1", linkName: "/etc/shadow" }], /absolute path/],
    ["a hard link to nothing", [{ name: "x", type: "1", linkName: "y" }], /no earlier file/],
    ["a device", [{ name: "null", type: "3" }], /neither a file, a folder nor a link/],
    ["a pipe", [{ name: "p", type: "6" }], /neither a file/],
    ["a NUL in a name", [{ name: "x", pax: { path: "a\0b" } }], /no usable file name/],
    ["a name too long for any file system", [{ name: "x", pax: { path: "n".repeat(300) } }], /no usable file name/],
    ["a name that is not UTF-8", header({ name: "x" }, { nameBytes: Buffer.from([0xff, 0x61]) }), /not UTF-8/],
    ["a header whose sum is wrong", header({ name: "x" }, { sum: 1 }), /sum is wrong/],
    ["a size beyond the archive", header({ name: "x" }, { size: 1000 }), /ends in the middle of "x"/],
    ["a size that is no number", header({ name: "x" }, { sizeText: "zz" }), /not octal/],
    ["a pax header that is broken", pax("99 path=x\n"), /pax header is broken/],
    ["a pax header whose records have no length", pax("1e-9 path=x\n"), /pax header is broken/],
    ["a sparse file", [{ name: "x", pax: { "GNU.sparse.major": "1" } }], /Sparse/],
    ["bytes that are no archive", Buffer.alloc(1024, 1), /damaged/],
  ])("%s is refused, and nothing is written", async ([, entries, message]) => {
    const bytes = entries instanceof Uint8Array ? entries : tarOf(entries)
    const error = await unpack(archive(bytes)).catch((caught: unknown) => caught)
    expect(error).toBeInstanceOf(BerthError)
    expect((error as BerthError).issues.map((issue) => issue.code)).toEqual(["code.unreadable"])
    expect((error as BerthError).message).toMatch(message)
    expect(existsSync(folder)).toBe(false)
    expect((await readdir(data)).length).toBe(0)
  })

  test.for<[string, Code, string, RegExp]>([
    ["no base64", { form: "file", base64: "???" }, "code.unreadable", /not base64/],
    ["cut base64", { form: "file", base64: "QUJDR" }, "code.unreadable", /not base64/],
    ["no gzip", { form: "tar.gz", base64: "QUJD" }, "code.unreadable", /no tar.gz/],
    [
      "a cut gzip",
      {
        form: "tar.gz",
        base64: gzipSync(tarOf([{ name: "x", body: "x" }]))
          .subarray(0, 40)
          .toString("base64"),
      },
      "code.unreadable",
      /no tar.gz/,
    ],
    ["a bomb of zeros", archive(Buffer.alloc(101_000_000)), "code.unreadable", /unpacks to more than 100 MB/],
    [
      "a million folders",
      archive(tarOf(Array.from({ length: 10_001 }, (_, i) => ({ name: `d${i}`, type: "5" })))),
      "code.unreadable",
      /more than 10000/,
    ],
    ["too many bytes", { form: "file", base64: Buffer.alloc(900_001).toString("base64") }, "code.too_large", /./],
    ["a name that climbs", { form: "file", name: "../x", base64: "" }, "code.unreadable", /no file name/],
    ["an absolute name", { form: "file", name: "/x", base64: "" }, "code.unreadable", /no file name/],
  ])("%s is refused, and nothing is written", async ([, code, findingCode, message]) => {
    const error = (await unpack(code).catch((caught: unknown) => caught)) as BerthError
    expect(error.issues.map((issue) => issue.code)).toEqual([findingCode])
    expect(error.message).toMatch(message)
    expect(existsSync(folder)).toBe(false)
  })

  test("whatever names, links and bytes an archive holds, nothing appears outside the folder", async () => {
    const part = fc.constantFrom("a", "b", "..", ".", "", "c")
    const path = fc.array(part, { minLength: 1, maxLength: 5 }).map((parts) => parts.join("/"))
    const entry: fc.Arbitrary<TestEntry> = fc.record({
      name: path,
      type: fc.constantFrom("0", "0", "5", "2", "1"),
      linkName: path,
      body: fc.constant("x"),
    })
    let written = 0
    await fc.assert(
      fc.asyncProperty(fc.array(entry, { maxLength: 6 }), async (entries) => {
        await rm(folder, { recursive: true, force: true })
        const kept = entries.map((item) => (item.type === "0" ? item : { ...item, body: "" }))
        await unpack(archive(tarOf(kept))).then(
          () => written++,
          () => undefined,
        )
        const outside = (await readdir(data)).filter((name) => name !== "work")
        expect(outside).toEqual([])
        if (!existsSync(folder)) return
        // No link resolves outside the folder.
        for (const name of await readdir(folder, { recursive: true })) {
          expect(`${follow(join(folder, name))}/`.startsWith(`${folder}/`)).toBe(true)
        }
      }),
      { numRuns: 150 },
    )
    expect(written).toBeGreaterThan(10)
  })

  test("random bytes never end in anything but a refusal", () => {
    const base = tarOf([
      { name: "dir/file", body: "hello", pax: { path: "other" } },
      { name: "l", type: "2", linkName: "dir" },
    ])
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(base.length - 1), fc.nat(255)), { maxLength: 8 }), (changes) => {
        const bytes = Uint8Array.from(base)
        for (const [index, value] of changes) bytes[index] = value
        try {
          readTar(bytes, 100)
        } catch (error) {
          expect(error).toBeInstanceOf(TarError)
        }
      }),
      { numRuns: 2000 },
    )
  })
})
