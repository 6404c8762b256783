import { spawnSync } from "node:child_process"
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { afterAll, beforeAll, describe, expect, test } from "vitest"

/** One deliberate violation: where it stands, what it says, which rule must fire. */
interface Violation {
  readonly name: string
  readonly file: string
  readonly text: string
  readonly rule: string
  /** Further files that the violation needs. */
  readonly beside?: Readonly<Record<string, string>>
}

const imports = (specifier: string) => `import { thing } from "${specifier}"\n\nexport const probe = thing\n`
const restricted = "style/noRestrictedImports"

const violations: readonly Violation[] = [
  {
    name: "a file of 401 lines",
    file: "packages/spec/src/long-file.ts",
    text: `export const probe = [\n${"  1,\n".repeat(399)}]\n`,
    rule: "style/noExcessiveLinesPerFile",
  },
  {
    name: "a function of 61 lines",
    file: "packages/spec/src/long-function.ts",
    text: `export function probe(log: (n: number) => void) {\n${"  log(1)\n".repeat(61)}}\n`,
    rule: "complexity/noExcessiveLinesPerFunction",
  },
  {
    name: "four parameters",
    file: "packages/spec/src/four-parameters.ts",
    text: "export function probe(a: number, b: number, c: number, d: number) {\n  return a + b + c + d\n}\n",
    rule: "complexity/useMaxParams",
  },
  {
    name: "any",
    file: "packages/spec/src/any.ts",
    text: "export const probe: any = 1\n",
    rule: "suspicious/noExplicitAny",
  },
  {
    name: "a non-null assertion",
    file: "packages/spec/src/non-null.ts",
    text: "export const probe = (list: readonly string[]) => list[0]!.length\n",
    rule: "style/noNonNullAssertion",
  },
  {
    name: "a default export",
    file: "packages/spec/src/default-export.ts",
    text: "export default 1\n",
    rule: "style/noDefaultExport",
  },
  {
    name: "export *",
    file: "packages/spec/src/index.ts",
    text: 'export * from "./json.ts"\n',
    rule: "performance/noReExportAll",
  },
  {
    name: "a second barrel",
    file: "packages/spec/src/barrel.ts",
    text: 'export { a } from "./a.ts"\nexport { b } from "./b.ts"\n',
    rule: "performance/noBarrelFile",
  },
  {
    name: "an enum",
    file: "packages/spec/src/enum.ts",
    text: "export enum Probe {\n  A = 1,\n}\n",
    rule: "style/noEnum",
  },
  {
    name: "a file name in camelCase",
    file: "packages/spec/src/camelCase.ts",
    text: "export const probe = 1\n",
    rule: "style/useFilenamingConvention",
  },
  {
    name: "a cycle",
    file: "packages/spec/src/cycle-a.ts",
    text: 'import { b } from "./cycle-b.ts"\n\nexport const a = () => b()\n',
    rule: "suspicious/noImportCycles",
    beside: {
      "packages/spec/src/cycle-b.ts":
        'import { a } from "./cycle-a.ts"\n\nexport const b = (): (() => void) => () => a()\n',
    },
  },
  {
    name: "a floating promise",
    file: "packages/spec/src/floating.ts",
    text: "async function work(): Promise<void> {}\n\nexport function probe(): void {\n  work()\n}\n",
    rule: "nursery/noFloatingPromises",
  },
  {
    name: "a switch without one case",
    file: "packages/spec/src/switch.ts",
    text: 'type Kind = "a" | "b"\n\nexport function probe(kind: Kind): number {\n  switch (kind) {\n    case "a":\n      return 1\n  }\n  return 2\n}\n',
    rule: "nursery/useExhaustiveSwitchCases",
  },
  {
    name: "zod's z by name",
    file: "packages/spec/src/zod-z.ts",
    text: 'import { z } from "zod"\n\nexport const probe = z.string()\n',
    rule: restricted,
  },
  {
    name: "an undeclared dependency",
    file: "packages/spec/src/undeclared.ts",
    text: imports("left-pad"),
    rule: "correctness/noUndeclaredDependencies",
  },
  ...(
    [
      ["spec", "@berth/local"],
      ["spec", "@berth/sdk"],
      ["spec", "@berth/server"],
      ["local", "@berth/server"],
      ["local", "@berth/sdk"],
      ["sdk", "@berth/local"],
      ["sdk", "@berth/server"],
      ["sdk", "@berth/cli"],
      ["server", "@berth/sdk"],
      ["server", "@berth/cli"],
      ["cli", "@berth/local"],
    ] as const
  ).map(([from, to]) => ({
    name: `${from} → ${to}`,
    file: `packages/${from}/src/to-${to.slice("@berth/".length)}.ts`,
    text: imports(to),
    rule: restricted,
  })),
  {
    name: "cli → @berth/server by a static import",
    file: "packages/cli/src/static-server.ts",
    text: imports("@berth/server"),
    rule: "plugin",
  },
  ...(
    [
      ["http", "../reconcile/loop.ts"],
      ["http", "@berth/local"],
      ["store", "../http/runs.ts"],
      ["store", "../reconcile/loop.ts"],
      ["store", "@berth/local"],
      ["reconcile", "../http/runs.ts"],
      ["reconcile", "@berth/local"],
    ] as const
  ).map(([from, to], index) => ({
    name: `server/${from} → ${to}`,
    file: `packages/server/src/${from}/forbidden-${index}.ts`,
    text: imports(to),
    rule: restricted,
  })),
]

/** What must stay possible; a rule that fires on everything proves nothing. */
const allowed: Readonly<Record<string, string>> = {
  "packages/local/src/ok-spec.ts": imports("@berth/spec"),
  "packages/sdk/src/ok-spec.ts": imports("@berth/spec"),
  "packages/cli/src/ok-sdk.ts": imports("@berth/sdk"),
  "packages/cli/src/ok-server.ts":
    'export async function probe(): Promise<unknown> {\n  return await import("@berth/server")\n}\n',
  "packages/server/src/ok-local.ts": imports("@berth/local"),
  "packages/server/src/http/ok-store.ts": imports("../store/store.ts"),
  "packages/server/src/reconcile/ok-store.ts": imports("../store/store.ts"),
  "packages/spec/src/ok-zod.ts": 'import * as z from "zod"\n\nexport const probe = z.string()\n',
  "packages/spec/src/ok-long-test.test.ts": `export function probe(log: (n: number) => void) {\n${"  log(1)\n".repeat(61)}}\n`,
}

interface Report {
  readonly diagnostics: readonly { readonly category: string; readonly location: { readonly path: unknown } }[]
}

const root = join(import.meta.dirname, "..")
let folder = ""
let fired: ReadonlyMap<string, readonly string[]>

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "berth-boundaries-"))
  for (const name of ["biome.json", ".gitignore", "scripts/lint"]) {
    cpSync(join(root, name), join(folder, name), { recursive: true })
  }
  for (const name of ["spec", "local", "sdk", "server", "cli"]) {
    cpSync(join(root, "packages", name, "package.json"), join(folder, "packages", name, "package.json"))
  }
  const write = (path: string, text: string) => {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), text)
  }
  for (const { file, text, beside } of violations) {
    write(file, text)
    for (const [path, more] of Object.entries(beside ?? {})) write(path, more)
  }
  for (const [path, text] of Object.entries(allowed)) write(path, text)
  fired = lint()
}, 60_000)

afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Runs the linter over the folder: file → the rules that fired there. */
function lint(): ReadonlyMap<string, readonly string[]> {
  const args = ["lint", "--reporter=json", "--max-diagnostics=none", "."]
  const { stdout, stderr } = spawnSync(join(root, "node_modules/.bin/biome"), args, { cwd: folder, encoding: "utf8" })
  const start = stdout.indexOf("{")
  if (start < 0) throw new Error(`biome printed no report: ${stderr}`)
  const report = JSON.parse(stdout.slice(start)) as Report
  const rules = new Map<string, string[]>()
  for (const { category, location } of report.diagnostics) {
    const path = typeof location.path === "string" ? location.path : (location.path as { file: string }).file
    rules.set(path, [...(rules.get(path) ?? []), category.replace(/^lint\//, "")])
  }
  return rules
}

describe("each rule fires on one deliberate violation", () => {
  test.each(violations)("$name: $rule", ({ file, rule }) => {
    expect(fired.get(file) ?? []).toContain(rule)
  })
})

describe("what is allowed stays allowed", () => {
  test.each(Object.keys(allowed))("%s", (file) => {
    expect(fired.get(file) ?? []).toEqual([])
  })
})
