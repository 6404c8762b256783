import { type JsonObject, maxCodeBytes, type Resolved } from "@berth/spec"
import { describe, expect, it } from "vitest"
import { type BuildInput, buildRun } from "./build.ts"

const resolved: Resolved = { requirements: { envs: [{ name: "A", value: "1" }] }, provenance: {}, findings: [] }
const base64 = (bytes: string | Uint8Array) => Buffer.from(bytes).toString("base64")

interface Given {
  readonly kind: BuildInput["function"]["kind"]
  readonly function: JsonObject
  readonly task?: JsonObject
  readonly spec?: JsonObject
  readonly commandRequired?: boolean
}

function build({ kind, function: spec, ...given }: Given) {
  const { built, findings } = buildRun({
    project: "p",
    run: "r",
    action: "job",
    function: { name: "f", id: "f1", kind, spec },
    task: given.task ?? {},
    spec: given.spec ?? {},
    resolved,
    commandRequired: given.commandRequired ?? false,
    queuedAt: "2026-01-01T00:00:00.000Z",
  })
  return { attempt: built?.attempt, program: built?.attempt.program, codes: findings.map(({ code }) => code), findings }
}

describe("a container", () => {
  it("takes image, command and policy from the function, arguments from the run", () => {
    const spec = { image: "a", command: "echo", image_pull_policy: "Always", args: null }
    const { program, codes } = build({ kind: "container", function: spec, spec: { image: "b", args: ["x", 1, true] } })
    expect(program).toEqual({
      kind: "container",
      image: "a",
      command: ["echo"],
      imagePullPolicy: "Always",
      args: ["x", "1", "true"],
    })
    expect(codes).toEqual([])
  })

  it("takes a command with spaces as one argument, and says so", () => {
    const { program, findings } = build({ kind: "container", function: {}, spec: { command: "echo a b" } })
    expect(program).toMatchObject({ command: ["echo a b"] })
    expect(findings).toMatchObject([
      {
        code: "command.spaces",
        severity: "warning",
        fix: [{ op: "replace", path: "/command", value: ["echo", "a", "b"] }],
      },
    ])
    const [ofFunction] = build({ kind: "container", function: { command: "echo a" } }).findings
    expect(ofFunction).toMatchObject({ data: { layer: "function" } })
    expect(ofFunction?.fix).toBeUndefined()
  })

  it.each<[JsonObject, boolean, string[]]>([
    [{}, false, ["program.missing"]],
    [{ image: "a" }, true, ["program.missing"]],
    [{ image: "a" }, false, []],
    [{ image: 1 }, false, ["program.invalid", "program.missing"]],
    [{ image: "a", args: "x" }, false, ["program.invalid"]],
    [{ image: "a", command: { a: 1 } }, false, ["program.invalid"]],
    [{ image: "a", image_pull_policy: "Sometimes" }, false, ["program.invalid"]],
  ])("%j with command required %s: %j", (spec, commandRequired, codes) => {
    expect(build({ kind: "container", function: spec, commandRequired }).codes).toEqual(codes)
  })
})

describe("a handler", () => {
  const code = base64("def f(): pass")

  it.each<[JsonObject, object]>([
    [
      { handler: "f", base64: code },
      { handler: "f", code: { form: "file", base64: code } },
    ],
    [{ handler: "main:f", base64: code }, { code: { form: "file", base64: code, name: "main.py" } }],
    [{ handler: "pkg.mod:f", base64: code }, { code: { form: "file", base64: code, name: "pkg/mod.py" } }],
    [{ handler: "train.py:f", base64: code }, { code: { form: "file", base64: code, name: "train.py" } }],
    [
      { handler: "f", source: "./src/train.py", base64: code },
      { code: { form: "file", base64: code, name: "train.py" } },
    ],
    [{ handler: "f", init_function: "init", base64: code }, { initFunction: "init" }],
    [{ handler: "a:f", base64: base64(new Uint8Array([0x1f, 0x8b, 8])) }, { code: { form: "tar.gz" } }],
  ])("reads %j", (source, program) => {
    expect(build({ kind: "python", function: { source, requirements: ["a==1"] } }).program).toMatchObject({
      kind: "python",
      packages: ["a==1"],
      ...program,
    })
  })

  it.each<[JsonObject, string[]]>([
    [{}, ["program.missing", "code.missing"]],
    [{ source: { handler: "f" } }, ["code.missing"]],
    [{ source: { handler: "f", base64: "not base64!" } }, ["code.unreadable"]],
    [{ source: { handler: "f", base64: "A".repeat(Math.ceil((maxCodeBytes * 4) / 3) + 8) } }, ["code.too_large"]],
    [{ source: { handler: "f", source: "git+https://u:secret@host/repo#x" } }, ["code.source_unsupported"]],
    [{ source: "main.py" }, ["program.invalid", "program.missing", "code.missing"]],
    [{ source: { handler: "f", base64: code }, requirements: "a" }, ["program.invalid"]],
  ])("refuses %#", (spec, codes) => {
    const found = build({ kind: "python", function: spec })
    expect(found.codes).toEqual(codes)
    expect(found.attempt).toBeUndefined()
    expect(JSON.stringify(found.findings)).not.toContain("secret@")
  })

  it("names a node file by its language", () => {
    const { program } = build({ kind: "node", function: { source: { handler: "count:f", base64: code } } })
    expect(program).toMatchObject({ kind: "node", code: { name: "count.ts" } })
  })
})

it("calls with what the run gives, else the task, and refuses what is no map", () => {
  const given: Given = {
    kind: "container",
    function: { command: ["true"] },
    task: { parameters: { a: 1 }, inputs: { x: "y" } },
  }
  expect(build({ ...given, spec: { parameters: { b: null } } }).attempt).toMatchObject({
    inputs: { x: "y" },
    parameters: { b: null },
    queuedAt: "2026-01-01T00:00:00.000Z",
  })
  expect(build({ ...given, spec: { parameters: [1] } }).findings).toMatchObject([
    { code: "program.invalid", path: ["parameters"] },
  ])
})
