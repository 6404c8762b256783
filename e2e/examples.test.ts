import { readdirSync } from "node:fs"
import { readFile } from "node:fs/promises"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { root } from "../scripts/programs.ts"
import { type BundledCommand, bundleCommand, createFolder, type Folder } from "./cli/folder.ts"

/** Every example through the real command, as its README says. */
const examples = join(root, "examples")
let command: BundledCommand
let folder: Folder

beforeAll(async () => {
  command = await bundleCommand()
  folder = await createFolder(command.path)
})

afterAll(async () => {
  await folder.remove()
  await command.remove()
})

/** Runs a file to its end; the run as `--json` prints it. */
async function follow(file: string, objects?: string) {
  const given = objects === undefined ? [] : ["--objects", join(examples, objects)]
  const { code, out, err } = await folder.berth(["run", join(examples, file), ...given, "--follow", "--json"])
  expect(code, err).toBe(0)
  return { run: JSON.parse(out), log: err }
}

/** What a claim holds on this machine. */
function claimFile(claim: string, name: string): Promise<string> {
  return readFile(join(folder.path, ".berth/volumes/default", claim, name), "utf8")
}

test("word-count", async () => {
  expect(await folder.berth(["secret", "set", "SALT"], { input: "pepper and salt" })).toMatchObject({ code: 0 })
  const { run, log } = await follow("word-count/berth.yaml", "word-count/objects.yaml")
  const documents = readdirSync(join(root, "docs"), { recursive: true }).filter((name) => String(name).endsWith(".md"))
  expect(run.status.results).toMatchObject({
    files: documents.length,
    fingerprint: expect.stringMatching(/^[0-9a-f]{12}$/),
  })
  expect(run.status.results.words).toBeGreaterThan(1000)
  expect(run.status.results.top).toHaveLength(10)
  expect(run.status.results.top.map(([word]: [string]) => word)).not.toContain("the")
  expect(log).toContain("architecture.md")
})

test("train writes its model back to the claim", async () => {
  const { run } = await follow("train/berth.yaml", "train/objects.yaml")
  const { model, rows } = run.status.results
  expect(rows).toBe(120)
  // The data were made with 12 per square metre and 15 per floor, and a little noise.
  expect(Math.abs(model.rent_per_square_metre - 12)).toBeLessThan(1)
  expect(Math.abs(model.rent_per_floor - 15)).toBeLessThan(8)
  expect(JSON.parse(await claimFile("flats", "model.json"))).toEqual(model)
})

test("container", async () => {
  const { log } = await follow("container/berth.yaml")
  expect(log).toContain("hello from ")
})

describe("page", () => {
  const cases: readonly PageCase[] = [
    { file: "affinity", says: "near the right zone" },
    { file: "cpu", says: "twelve to sixteen cores" },
    { file: "envs", says: "env-name=value", codes: ["historic.alias"] },
    { file: "gpu", says: "device 0", codes: ["historic.alias"], objects: "gpu-node" },
    { file: "memory", says: "64Gi requested" },
    { file: "node-selector", says: "selected" },
    { file: "secrets", says: "2" },
    { file: "tolerations", says: "tolerated", codes: ["historic.alias"], objects: "gpu-node" },
    { file: "volume-claim", says: "last-run" },
    { file: "volume-config-map", says: "hello from a ConfigMap" },
    { file: "volume-secret", says: /│ 19$/m },
  ]

  beforeAll(async () => {
    expect(await folder.berth(["secret", "set", "my-secret"], { input: "a value of mine" })).toMatchObject({ code: 0 })
  })

  test("every snippet has a case", () => {
    const files = readdirSync(join(examples, "page")).filter((name) => /^(?!objects|gpu-node).*\.yaml$/.test(name))
    expect(files.map((name) => name.replace(".yaml", "")).sort()).toEqual(cases.map(({ file }) => file))
  })

  test.each(cases)("$file", async ({ file, says, codes = [], objects = "objects" }) => {
    const { run, log } = await follow(`page/${file}.yaml`, `page/${objects}.yaml`)
    expect(log).toMatch(says)
    const found = run.status.findings.map(({ code }: { code: string }) => code)
    for (const code of codes) expect(found).toContain(code)
  })
})

interface PageCase {
  readonly file: string
  /** What the snippet's program writes. */
  readonly says: string | RegExp
  /** What Berth says of the page's slips. */
  readonly codes?: readonly string[]
  readonly objects?: string
}
