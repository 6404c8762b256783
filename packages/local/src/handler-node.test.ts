import { gzipSync } from "node:zlib"
import type { Code } from "@berth/spec"
import { describe, expect, test } from "vitest"
import { type Call, callHandler } from "./testing/call-handler.ts"
import { tarOf } from "./testing/make-tar.ts"

const node = (code: string, handler = "main.ts:f", more: Partial<Call> = {}) =>
  callHandler({ kind: "node", code, handler, ...more })

describe("a Node handler", () => {
  test.for<[string, string, unknown, Partial<Call>?]>([
    [
      "an object",
      "export const f = () => ({ a: [1, 2.5, null, true, 'é\\n'], gone: undefined })",
      { a: [1, 2.5, null, true, "é\n"] },
    ],
    ["nothing", "export async function f(): Promise<void> {}", null],
    ["a Date as text", "export const f = () => [new Date(0)]", ["1970-01-01T00:00:00.000Z"]],
    ["what toJSON says", "export const f = () => ({ toJSON: () => new URL('http://a/b') })", "http://a/b"],
    [
      "parameters and inputs in one object",
      "export const f = ({ a, b = 2, c }: { a: number; b?: number; c: object }) => [a, b, c]",
      [1, 2, { x: 1 }],
      { parameters: { a: 1 }, inputs: { c: { x: 1 } } },
    ],
    [
      "the context",
      "export const f = (_: object, context: { project: string }) => context",
      { project: "default", function: "f", action: "job", run: "run-1", attempt: 1 },
    ],
    ["a value awaited at the top", "const x = await Promise.resolve(3)\nexport const f = () => x", 3],
    [
      "a prototype key as its own",
      "export const f = () => JSON.parse('{\"__proto__\":1}')",
      JSON.parse('{"__proto__":1}'),
    ],
  ])("returns %s", async ([, code, value, more]) => {
    const called = await node(code, "main.ts:f", more)
    expect(called).toMatchObject({ code: 0, stderr: "", result: { version: 1, ok: true } })
    expect(called.result).toEqual({ version: 1, ok: true, value })
    expect(called.left.toSorted()).toEqual(["call.json", "result.json"])
  })

  test.for<[string, string, string]>([
    ["main.ts:f", "main.ts", "export const f = () => 1"],
    ["main:f", "main.ts", "export const f = () => 1"],
    ["f", "main.ts", "export const f = () => 1"],
    ["main.ts", "main.ts", "export default () => 1"],
    ["main.ts:default", "main.ts", "export default () => 1"],
    ["src.main:f", "src/main.ts", "export const f = () => 1"],
    ["src/main.ts:f", "src/main.ts", "export const f = () => 1"],
    ["main.js:f", "main.js", "exports.f = () => 1"],
    ["main.js:f", "main.js", "module.exports = Object.fromEntries([['f', () => 1]])"],
    ["main.js", "main.js", "module.exports = () => 1"],
    ["main.cjs:f", "main.cjs", "exports.f = () => 1"],
    ["main.mjs:f", "main.mjs", "export const f = () => 1"],
    ["main.cts:f", "main.cts", "exports.f = (): number => 1"],
  ])("is found as %s in %s: %s", async ([handler, name, code]) => {
    const called = await node(code, handler, { name })
    expect(called).toMatchObject({ stderr: "", result: { version: 1, ok: true, value: 1 } })
  })

  test("runs in its code's folder, nothing of this machine's packages deciding what its code is", async () => {
    const code =
      "const fs = require('node:fs')\nexports.f = () => [fs.existsSync('main.js'), __dirname === process.cwd()]"
    expect((await node(code, "main.js:f", { name: "main.js" })).result).toMatchObject({ value: [true, true] })
  })

  test("a package.json of this machine does not decide what the code is, its own does", async () => {
    const packageAbove = '{"type":"module"}'
    const required = await node("exports.f = () => 1", "main.js:f", { name: "main.js", packageAbove })
    expect(required.result).toEqual({ version: 1, ok: true, value: 1 })
    const folder = tarOf([
      { name: "package.json", body: '{"type":"commonjs"}' },
      { name: "main.js", body: "exports.f = () => require('./package.json')" },
    ])
    const code: Code = { form: "tar.gz", base64: gzipSync(folder).toString("base64") }
    const own = await callHandler({ kind: "node", code, handler: "main.js:f", packageAbove })
    expect(own.result).toEqual({ version: 1, ok: true, value: { type: "commonjs" } })
  })

  test("init_function is awaited once before, with its parameters and the same context", async () => {
    const code =
      "export const init = async ({ size }, context) => { context.model = size }\nexport const f = (_, context) => context.model"
    const called = await node(code, "main.ts:f", { initFunction: "init", initParameters: { size: 3 } })
    expect(called.result).toMatchObject({ ok: true, value: 3 })
  })

  test.for<[string, string, { stage: string; type?: string; message: string; traceback?: string }, Partial<Call>?]>([
    [
      "a syntax error in TypeScript",
      "export const x: number = 1\nexport const f = () => { const y = ; }",
      { stage: "load", type: "SyntaxError", message: "Expression expected", traceback: "main.ts:2" },
    ],
    [
      "a syntax error in JavaScript",
      "export const f = 1\nconst y = ;",
      { stage: "load", type: "SyntaxError", message: "Unexpected token", traceback: "main.mjs:2" },
      { name: "main.mjs", handler: "main.mjs:f" },
    ],
    [
      "an enum",
      "export enum E { a }\nexport const f = () => 1",
      { stage: "load", message: "TypeScript enum is not supported", traceback: "main.ts:1" },
    ],
    [
      "an import that is missing",
      "import 'nosuch-package'\nexport const f = () => 1",
      { stage: "load", message: "Cannot find package 'nosuch-package'" },
    ],
    [
      "a module that throws",
      "\nthrow new RangeError('at the top')",
      { stage: "load", type: "RangeError", message: "at the top", traceback: "main.ts:2" },
    ],
    [
      "a misspelt handler",
      "export const train = () => 1",
      { stage: "load", type: "HandlerNotFound", message: 'main.ts exports no "trian". It exports train.' },
      { handler: "main.ts:trian" },
    ],
    [
      "a handler that is none",
      "export const f = 3",
      { stage: "load", message: '"f" in main.ts is no function but number.' },
    ],
    [
      "a module that is missing",
      "export const f = 1",
      { stage: "load", message: 'The code has no module "other.ts"; at its top it holds main.ts.' },
      { handler: "other.ts:f" },
    ],
    [
      "a name twice",
      "export const f = () => 1",
      { stage: "load", message: '"a" is both an input and a parameter.' },
      { parameters: { a: 1 }, inputs: { a: 1 } },
    ],
    [
      "an exception",
      "interface A { a: 1 }\nconst g = () => { throw new TypeError('bäd') }\nexport const f = () => g()",
      { stage: "raised", type: "TypeError", message: "bäd", traceback: "main.ts:2" },
    ],
    [
      "a cause",
      "export const f = () => { throw new Error('outer', { cause: new Error('inner') }) }",
      { stage: "raised", message: "outer", traceback: "Caused by: Error: inner" },
    ],
    [
      "several errors in one",
      "export const f = () => Promise.any([Promise.reject(new Error('one'))])",
      { stage: "raised", type: "AggregateError", message: "", traceback: "Caused by: Error: one" },
    ],
    [
      "a thrown text",
      "export const f = () => { throw 'text' }",
      { stage: "raised", type: "string", message: "'text'" },
    ],
    [
      "an exception in init",
      "export const init = () => { throw new Error('x') }\nexport const f = () => 1",
      { stage: "raised", message: "x" },
      { initFunction: "init" },
    ],
    [
      "an unhandled rejection",
      "export const f = () => { Promise.reject(new Error('lost')); return new Promise((r) => setTimeout(r, 5000)) }",
      { stage: "raised", message: "lost", traceback: "main.ts:1" },
    ],
    [
      "an exception in a timer",
      "export const f = () => new Promise(() => setTimeout(() => { throw new Error('late') }))",
      { stage: "raised", message: "late" },
    ],
    [
      "a promise that nothing settles",
      "export const f = () => new Promise(() => {})",
      { stage: "raised", type: "NeverSettled", message: "can no longer happen" },
    ],
    [
      "endless recursion",
      "export const f = () => f()",
      { stage: "raised", type: "RangeError", message: "Maximum call stack" },
    ],
    [
      "NaN",
      "export const f = () => ({ scores: [0, { mean: Number.NaN }] })",
      { stage: "result", type: "NotJson", message: "The value at scores[1].mean is NaN" },
    ],
    [
      "a BigInt",
      "export const f = () => 1n",
      {
        stage: "result",
        message: "The value that was returned is a BigInt, which JSON does not have: return String(value).",
      },
    ],
    ["a Map", "export const f = () => ({ 'a b': new Map() })", { stage: "result", message: 'at ["a b"] is a Map' }],
    ["bytes", "export const f = () => [Buffer.from('x')]", { stage: "result", message: "at [0] is bytes" }],
    ["a function", "export const f = () => ({ f })", { stage: "result", message: "at f is a function" }],
    ["undefined in a list", "export const f = () => [undefined]", { stage: "result", message: "at [0] is undefined" }],
    ["an invalid Date", "export const f = () => new Date(Number.NaN)", { stage: "result", message: "an invalid Date" }],
    [
      "a value in itself",
      "export const f = () => { const a: unknown[] = []; a.push(a); return a }",
      { stage: "result", message: "in itself" },
    ],
    ["a generator", "export function* f() { yield 1 }", { stage: "result", message: "an iterator" }],
    ["an async generator", "export async function* f() { yield 1 }", { stage: "result", message: "an iterator" }],
    [
      "300 kB",
      "export const f = () => 'é'.repeat(150000)",
      { stage: "result", type: "TooLarge", message: "300002 bytes of JSON, at most 262144" },
    ],
  ])("that meets %s ends with 1 and says so", async ([, code, error, more]) => {
    const called = await node(code, more?.handler ?? "main.ts:f", more)
    const { result } = called
    expect(called.code).toBe(1)
    if (result?.ok !== false) throw new Error(`it returned ${JSON.stringify(result)}; ${called.stderr}`)
    expect(result.error.stage).toBe(error.stage)
    if (error.type !== undefined) expect(result.error.type).toBe(error.type)
    expect(result.error.message).toContain(error.message)
    expect(result.error.traceback ?? "").toContain(error.traceback ?? "")
    expect(result.error.traceback ?? "").not.toMatch(/berth-runner|node:internal|file:/)
    expect(called.stderr).toContain(result.error.traceback ?? result.error.message)
    expect(called.stdout).toBe("")
  })

  test("256 KiB of JSON are kept, one byte more is not", async () => {
    const fits = await node("export const f = () => 'x'.repeat(256 * 1024 - 2)")
    const over = await node("export const f = () => 'x'.repeat(256 * 1024 - 1)")
    expect([fits.result?.ok, over.result?.ok]).toEqual([true, false])
  })

  test("open sockets and timers do not keep it alive, and its output is whole", async () => {
    const code = [
      "import { createServer } from 'node:net'",
      "export const f = () => {",
      "  createServer().listen(0); setInterval(() => {}, 1000)",
      "  for (let i = 0; i < 20000; i++) console.log('line', i, 'é')",
      "  process.stdout.write('no newline')",
      "  return 1",
      "}",
    ].join("\n")
    const called = await node(code)
    const lines = called.stdout.split("\n")
    expect([called.code, lines.length, lines[19_999], lines[20_000]]).toEqual([0, 20_001, "line 19999 é", "no newline"])
  })

  test.for<[string, number, boolean]>([
    ["process.exit(7)", 7, false],
    ["process.exit(0)", 0, false],
    ["process.exitCode = 5", 5, true],
  ])("%s is kept as the exit code", async ([statement, code, hasResult]) => {
    const called = await node(`export const f = () => { ${statement} }`)
    expect([called.code, called.result !== undefined]).toEqual([code, hasResult])
  })

  test("SIGTERM ends a handler at once, a busy one too", async () => {
    const waiting = await node(
      "export const f = () => { console.log('ready'); return new Promise((r) => setTimeout(r, 30000)) }",
      "f",
      { stopAt: "ready" },
    )
    const busy = await node(
      "import { writeSync } from 'node:fs'\nexport const f = () => { writeSync(1, 'ready'); for (;;); }",
      "f",
      { stopAt: "ready" },
    )
    expect([waiting.signal, busy.signal]).toEqual(["SIGTERM", "SIGTERM"])
    expect(busy.left).toEqual(["call.json"])
  })

  test("a handler that listens for SIGTERM decides itself", async () => {
    const code =
      "export const f = () => new Promise((resolve) => { process.on('SIGTERM', () => resolve('saved')); console.log('ready'); setTimeout(() => {}, 30000) })"
    expect(await node(code, "f", { stopAt: "ready" })).toMatchObject({ code: 0, result: { ok: true, value: "saved" } })
  })
})
