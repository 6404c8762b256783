import { execFileSync } from "node:child_process"
import { chmod, mkdir, mkdtemp, readFile, readlink, rm, stat, symlink, utimes, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { afterEach, beforeEach, expect, test } from "vitest"
import { packFolder } from "./folder.ts"

let root = ""

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "berth-pack-"))
})

afterEach(() => rm(root, { recursive: true, force: true }))

async function write(
  files: Readonly<Record<string, string | Uint8Array>>,
  folder = join(root, "code"),
): Promise<string> {
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true })
    await writeFile(join(folder, path), text)
  }
  return folder
}

/** Unpacks with the system's tar: what everybody else would see. */
async function unpack(packed: Uint8Array): Promise<string> {
  const target = join(root, "unpacked")
  await rm(target, { recursive: true, force: true })
  await mkdir(target)
  await writeFile(join(root, "code.tar.gz"), packed)
  execFileSync("tar", ["-xzf", join(root, "code.tar.gz"), "-C", target])
  return target
}

function names(folder: string): readonly string[] {
  const found = execFileSync("find", [".", "-mindepth", "1", "!", "-type", "d"], { cwd: folder, encoding: "utf8" })
  return found
    .trim()
    .split("\n")
    .filter((name) => name !== "")
    .map((name) => name.slice(2))
    .sort()
}

test("tar finds every file with its bytes, links and the executable bit", async () => {
  const binary = new Uint8Array(2000).map((_, index) => index % 256)
  const code = await write({ "main.py": "print(1)\n", "lib/a/b.bin": binary, "run.sh": "#!/bin/sh\n", "empty.txt": "" })
  await chmod(join(code, "run.sh"), 0o755)
  await symlink("lib/a/b.bin", join(code, "link.bin"))
  await symlink("../../main.py", join(code, "lib/a/up.py"))
  const target = await unpack(await packFolder(code))
  expect(names(target)).toEqual(["empty.txt", "lib/a/b.bin", "lib/a/up.py", "link.bin", "main.py", "run.sh"])
  expect(new Uint8Array(await readFile(join(target, "link.bin")))).toEqual(binary)
  expect(await readlink(join(target, "lib/a/up.py"))).toBe("../../main.py")
  expect((await stat(join(target, "run.sh"))).mode & 0o777).toBe(0o755)
  expect((await stat(join(target, "main.py"))).mode & 0o777).toBe(0o644)
})

test("long and non-ASCII names survive", async () => {
  const deep = `${"folder-with-a-long-name/".repeat(8)}file.txt`
  const long = `${"n".repeat(180)}.txt`
  const nested = `${"d".repeat(120)}/${"ü".repeat(90)}.txt`
  const wide = `${"ü".repeat(60)}.txt`
  const code = await write({ [deep]: "1", [long]: "2", "größe/文.txt": "3", [nested]: "4", [wide]: "5" })
  const target = await unpack(await packFolder(code))
  expect(names(target)).toEqual([deep, long, "größe/文.txt", nested, wide].sort())
  expect(await readFile(join(target, long), "utf8")).toBe("2")
  expect(await readFile(join(target, nested), "utf8")).toBe("4")
})

test("the same names and contents give the same bytes, whatever the times and the order of writing", async () => {
  const a = await write({ "a.txt": "1", "b/c.txt": "2", "b.txt": "3" }, join(root, "first"))
  const b = await write({ "b.txt": "3", "b/c.txt": "2", "a.txt": "1" }, join(root, "second"))
  await utimes(join(b, "a.txt"), 1, 1)
  await chmod(join(b, "b.txt"), 0o600)
  expect(await packFolder(b)).toEqual(await packFolder(a))
  // Not the operating system's number.
  expect((await packFolder(a))[9]).toBe(0xff)
  await writeFile(join(b, "a.txt"), "2")
  expect(await packFolder(b)).not.toEqual(await packFolder(a))
})

test("what a .gitignore names stays out, as git itself sees it", async () => {
  const repository = join(root, "repository")
  const code = join(repository, "jobs", "train")
  await write({ ".gitignore": "*.log\n*.tmp\n/build\njobs/train/outer.txt\n!keep.log\n" }, repository)
  await write(
    {
      ".gitignore":
        "!wanted.tmp\ndata/\n!data/keep/\n/top.txt\n**/deep.txt\nsub/**/x.txt\n\\#hash\n[ab]?.txt\nspace\\ \n# comment\n\ntrail   \n",
      "main.py": "",
      "a.log": "",
      "a.tmp": "",
      "wanted.tmp": "",
      "keep.log": "",
      "outer.txt": "",
      "data/big.bin": "",
      "data/keep/x.bin": "",
      "top.txt": "",
      "sub/top.txt": "",
      "sub/deep.txt": "",
      "sub/m/n/x.txt": "",
      "sub/x.txt": "",
      "#hash": "",
      "a1.txt": "",
      "c1.txt": "",
      trail: "",
      "build/x": "",
      "nested/.gitignore": "*.py\n!yes.py\n",
      "nested/no.py": "",
      "nested/yes.py": "",
      "node_modules/x/index.js": "",
      "__pycache__/main.pyc": "",
      ".berth/server.json": "",
    },
    code,
  )
  execFileSync("git", ["init", "-q"], { cwd: repository })
  const git = execFileSync("git", ["ls-files", "--others", "--exclude-standard", "-z"], { cwd: code, encoding: "utf8" })
  const never = /^(node_modules|__pycache__|\.berth)\//
  const expected = git
    .split("\0")
    .filter((name) => name !== "" && !never.test(name))
    .sort()
  expect(names(await unpack(await packFolder(code)))).toEqual(expected)
  expect(expected).toEqual(expect.arrayContaining(["nested/yes.py", "wanted.tmp"]))
  expect(expected).not.toContain("a.log")
})

test("more than 900 kB packed is refused with the numbers", async () => {
  const { platform } = await import("#platform")
  const noise = new Uint8Array(950_000).map(() => Math.random() * 256)
  const code = await write({ "noise.bin": noise })
  await expect(platform.packFolder(code)).rejects.toMatchObject({
    code: "invalid",
    issues: [{ code: "code.too_large", data: { limitBytes: 900_000 } }],
  })
  await expect(platform.packFile(join(code, "noise.bin"))).rejects.toMatchObject({
    issues: [{ code: "code.too_large", data: { bytes: 950_000 } }],
  })
})

test.each([
  ["/etc/passwd", "an absolute link"],
  ["../outside.txt", "a link out of the folder"],
  ["sub/../../x", "a link that climbs later"],
])("%s: %s is refused by name", async (target) => {
  const code = await write({ "main.py": "" })
  await symlink(target, join(code, "bad"))
  await expect(packFolder(code)).rejects.toMatchObject({
    issues: [{ code: "code.unreadable", message: expect.stringContaining("bad") }],
  })
})

test("a folder that is not there is refused", async () => {
  await expect(packFolder(join(root, "none"))).rejects.toMatchObject({ issues: [{ code: "code.unreadable" }] })
})
