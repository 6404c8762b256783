import { spawnSync } from "node:child_process"
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, expect, test } from "vitest"
import { bundleCli } from "./bundle.ts"

let folder = ""
let entry = ""

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "berth-bundle-"))
  entry = await bundleCli(join(folder, "one"))
})

afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** What a file loads before its first line runs, itself included. */
function staticImports(file: string, seen = new Set<string>()): ReadonlySet<string> {
  if (seen.has(file)) return seen
  seen.add(file)
  const text = readFileSync(join(folder, "one", file), "utf8")
  for (const [, path = ""] of text.matchAll(/(?:\bfrom|\bimport)\s*"\.\/([^"]+)"/g)) staticImports(path, seen)
  return seen
}

test("the command starts without the server, which is a chunk of its own", () => {
  const all = readdirSync(join(folder, "one")).filter((file) => file.endsWith(".mjs"))
  const holdsServer = (file: string) => readFileSync(join(folder, "one", file), "utf8").includes("FST_ERR_")
  expect(all.some(holdsServer)).toBe(true)
  expect([...staticImports("berth.mjs")].filter(holdsServer)).toEqual([])
})

test("it runs from anywhere, with nothing beside it but the runners", () => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [entry, "--help"], { encoding: "utf8", cwd: "/" })
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" })
  expect(stdout).toContain("berth")
  expect(existsSync(join(folder, "one", "runners", "python"))).toBe(true)
  expect(existsSync(join(folder, "one", "runners", "node"))).toBe(true)
})

test("the same sources give the same bytes", async () => {
  await bundleCli(join(folder, "two"))
  const read = (name: string) =>
    readdirSync(join(folder, name))
      .filter((file) => file.endsWith(".mjs"))
      .map((file) => [file, readFileSync(join(folder, name, file), "utf8")])
  expect(read("two")).toEqual(read("one"))
})
