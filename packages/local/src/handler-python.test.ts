import { describe, expect, test } from "vitest"
import { missing } from "../../../scripts/parts.ts"
import { type Call, callHandler } from "./testing/call-handler.ts"

const python = (code: string, handler = "main.py:f", more: Partial<Call> = {}) =>
  callHandler({ kind: "python", code, handler, ...more })

describe.skipIf(missing("python"))("a Python handler", () => {
  test.for<[string, string, unknown, Partial<Call>?]>([
    ["an object", "def f(): return {'a': [1, 2.5, None, True, 'é\\n']}", { a: [1, 2.5, null, true, "é\n"] }],
    ["nothing", "def f(): pass", null],
    ["a tuple as a list", "def f(): return (1, (2,))", [1, [2]]],
    [
      "a subclass of int and of str",
      "import enum\nclass E(enum.IntEnum): A=3\nclass S(str): pass\ndef f(): return [E.A, S('x')]",
      [3, "x"],
    ],
    ["a lone surrogate", "def f(): return '\\udc80'", "\udc80"],
    [
      "parameters and inputs by name",
      "def f(a, b=2, *, c): return [a, b, c]",
      [1, 2, { x: 1 }],
      { parameters: { a: 1 }, inputs: { c: { x: 1 } } },
    ],
    ["positional-only parameters", "def f(a, b, /): return a - b", 4, { parameters: { b: 1, a: 5 } }],
    ["what is left over in **kwargs", "def f(a, **rest): return rest", { b: 2 }, { parameters: { a: 1, b: 2 } }],
    [
      "the context only when it is asked for",
      "def f(context): return [context.project, context.function, context.action, context.run, context.attempt]",
      ["default", "f", "job", "run-1", 1],
    ],
    ["no context in **kwargs", "def f(**rest): return sorted(rest)", []],
    [
      "a coroutine's value",
      "import asyncio\nasync def f(x):\n  await asyncio.sleep(0)\n  return x",
      1,
      { parameters: { x: 1 } },
    ],
    ["a callable object", "class C:\n  def __call__(self, a): return a\nf = C()", 1, { parameters: { a: 1 } }],
    ["a built-in", "f = dict", { a: 1 }, { parameters: { a: 1 } }],
  ])("returns %s", async ([, code, value, more]) => {
    const called = await python(code, "main.py:f", more)
    expect(called).toMatchObject({ code: 0, result: { version: 1, ok: true, value }, stderr: "" })
    expect(called.left.toSorted()).toEqual(["call.json", "result.json"])
  })

  test.for<[string, string, Partial<Call>?]>([
    ["main.py:f", "main.py"],
    ["main:f", "main.py"],
    ["f", "main.py"],
    ["f", "anything.py"],
    ["my-job.py:f", "my-job.py"],
    ["json.py:f", "json.py"],
    ["pkg.sub:f", "pkg/sub.py"],
    ["pkg/sub.py:f", "pkg/sub.py"],
  ])("is found as %s in %s", async ([handler, name]) => {
    const called = await python("def f(): return 1", handler, { name })
    expect(called.result).toEqual({ version: 1, ok: true, value: 1 })
  })

  test("a nested name is looked up", async () => {
    const called = await python("class Model:\n  @staticmethod\n  def train(): return 1", "main.py:Model.train")
    expect(called.result).toMatchObject({ ok: true, value: 1 })
  })

  test("runs in its code's folder", async () => {
    const called = await python(
      "import os\ndef f(): return [os.path.exists('main.py'), __file__ == os.path.abspath('main.py')]",
    )
    expect(called.result).toMatchObject({ value: [true, true] })
  })

  test("init_function runs once before, with its parameters, the same context and loop", async () => {
    const code = [
      "import asyncio",
      "async def init(context, size):",
      "  context.model, context.loop = size, asyncio.get_running_loop()",
      "async def f(context): return [context.model, context.loop is asyncio.get_running_loop()]",
    ].join("\n")
    const called = await python(code, "main.py:f", { initFunction: "init", initParameters: { size: 3 } })
    expect(called.result).toMatchObject({ ok: true, value: [3, true] })
  })

  test.for<[string, string, { stage: string; type?: string; message: string; traceback?: string }, Partial<Call>?]>([
    [
      "a syntax error",
      "def f(:\n  pass",
      { stage: "load", type: "SyntaxError", message: "invalid syntax", traceback: 'File "main.py", line 1' },
    ],
    [
      "an import that is missing",
      "import nosuch_package\ndef f(): pass",
      { stage: "load", type: "ModuleNotFoundError", message: "nosuch_package", traceback: "main.py" },
    ],
    [
      "a module that raises",
      "1/0",
      { stage: "load", type: "ZeroDivisionError", message: "division by zero", traceback: "main.py" },
    ],
    [
      "a misspelt handler",
      "def train(): pass",
      { stage: "load", type: "HandlerNotFound", message: "main.py has no 'trian'. Did you mean 'train'?" },
      { handler: "main.py:trian" },
    ],
    ["a handler that is none", "f = 3", { stage: "load", message: "'f' in main.py is no function but int." }],
    [
      "a module that is missing",
      "def f(): pass",
      { stage: "load", message: "The code has no module 'other'; at its top it holds main.py." },
      { handler: "other:f" },
    ],
    [
      "a parameter too few",
      "def f(a, b): pass",
      { stage: "load", type: "TypeError", message: "f() needs 'b', which the run does not give." },
      { parameters: { a: 1 } },
    ],
    [
      "a parameter too many",
      "def f(a): pass",
      { stage: "load", message: "f() takes no 'b'; it takes 'a'." },
      { parameters: { a: 1, b: 1 } },
    ],
    [
      "a name twice",
      "def f(a): pass",
      { stage: "load", message: "'a' is both an input and a parameter." },
      { parameters: { a: 1 }, inputs: { a: 1 } },
    ],
    [
      "an exception",
      "def g(): raise ValueError('bäd')\ndef f(): g()",
      { stage: "raised", type: "ValueError", message: "bäd", traceback: 'File "main.py", line 2, in f' },
    ],
    [
      "a cause",
      "def f():\n  try: {}['k']\n  except KeyError as e: raise RuntimeError('outer') from e",
      { stage: "raised", message: "outer", traceback: "direct cause of the following" },
    ],
    [
      "an exception in init",
      "def init(): raise OSError('x')\ndef f(): pass",
      { stage: "raised", type: "OSError", message: "x" },
      { initFunction: "init" },
    ],
    [
      "an exception whose text raises",
      "class E(Exception):\n  def __str__(self): raise ValueError\ndef f(): raise E()",
      { stage: "raised", type: "E", message: "cannot be printed" },
    ],
    [
      "a cancelled coroutine",
      "import asyncio\nasync def f(): raise asyncio.CancelledError()",
      { stage: "raised", type: "CancelledError", message: "" },
    ],
    [
      "endless recursion",
      "def f(): f()",
      { stage: "raised", type: "RecursionError", message: "maximum recursion", traceback: "times]" },
    ],
    [
      "NaN",
      "def f(): return {'scores': [0, {'mean': float('nan')}]}",
      { stage: "result", type: "NotJson", message: "The value at scores[1].mean is nan" },
    ],
    [
      "bytes",
      "def f(): return b'x'",
      {
        stage: "result",
        message: "The value that was returned is bytes, which JSON does not have: return text, for instance base64.",
      },
    ],
    [
      "a date",
      "import datetime\ndef f(): return {'when it': datetime.datetime.now()}",
      {
        stage: "result",
        message: 'at ["when it"] is datetime.datetime, which JSON does not have: return value.isoformat()',
      },
    ],
    [
      "a numpy-like scalar",
      "class int64:\n  dtype = 'int64'\ndef f(): return [int64()]",
      { stage: "result", message: "return value.item()" },
    ],
    [
      "a key that is no text",
      "def f(): return {'a': {1: 2}}",
      { stage: "result", message: "The key 1 of the value at a is int, not text." },
    ],
    ["a whole number that would lose digits", "def f(): return 2**53 + 1", { stage: "result", message: "beyond 2^53" }],
    ["a value in itself", "def f():\n  a = []; a.append(a)\n  return a", { stage: "result", message: "holds itself" }],
    ["a generator", "def f(): yield 1", { stage: "result", message: "is generator" }],
    [
      "300 kB",
      "def f(): return 'é' * 150000",
      { stage: "result", type: "TooLarge", message: "300002 bytes of JSON, at most 262144" },
    ],
  ])("that meets %s ends with 1 and says so", async ([, code, error, more]) => {
    const called = await python(code, more?.handler ?? "main.py:f", more)
    const { result } = called
    expect(called.code).toBe(1)
    if (result?.ok !== false) throw new Error(`it returned ${JSON.stringify(result)}; ${called.stderr}`)
    expect(result.error.stage).toBe(error.stage)
    if (error.type !== undefined) expect(result.error.type).toBe(error.type)
    expect(result.error.message).toContain(error.message)
    expect(result.error.traceback ?? "").toContain(error.traceback ?? "")
    expect(result.error.traceback ?? "").not.toContain("berth_runner")
    expect(called.stderr).toContain(result.error.traceback ?? result.error.message)
    expect(called.stdout).toBe("")
  })

  test("256 KiB of JSON are kept, one byte more is not", async () => {
    const fits = await python("def f(): return 'x' * (256 * 1024 - 2)")
    const over = await python("def f(): return 'x' * (256 * 1024 - 1)")
    expect([fits.result?.ok, over.result?.ok]).toEqual([true, false])
  })

  test("a traceback keeps its last 32 KiB", async () => {
    const { result } = await python("def f(): raise ValueError('é' * 100000 + 'end')")
    if (result?.ok !== false) throw new Error("it must raise")
    expect(Buffer.byteLength(result.error.traceback ?? "")).toBeLessThanOrEqual(32 * 1024)
    expect(result.error.traceback).toMatch(/éend\n$/)
    expect(result.error.traceback).not.toContain("\ufffd")
  })

  test.for<[string, number]>([
    ["sys.exit(7)", 7],
    ["sys.exit()", 0],
    ["sys.exit('text')", 1],
    ["os._exit(9)", 9],
  ])("%s is kept as the exit code, without a result", async ([statement, code]) => {
    const called = await python(`import sys, os\ndef f(): ${statement}`)
    expect(called).toMatchObject({ code, result: undefined })
  })

  test("output comes at once, as it is, without a newline added", async () => {
    const called = await python("import os\ndef f():\n  print('é日本', end='')\n  os.kill(os.getpid(), 9)")
    expect(called).toMatchObject({ signal: "SIGKILL", stdout: "é日本", result: undefined })
  })

  test("a child that the handler forks and lets return leaves no result", async () => {
    const called = await python(
      "import os\ndef f():\n  if os.fork() == 0: return 'child'\n  os.wait()\n  return 'parent'",
    )
    expect(called).toMatchObject({ code: 0, result: { ok: true, value: "parent" } })
    const raised = await python(
      "import os\ndef f():\n  if os.fork() == 0: raise ValueError\n  os.wait()\n  return 'parent'",
    )
    expect(raised).toMatchObject({ code: 0, result: { ok: true, value: "parent" } })
  })

  test("a pool of processes works and can be ended", async () => {
    const code =
      "import multiprocessing as m\ndef g(x): return x * x\ndef f():\n  with m.get_context(METHOD).Pool(2) as p: return p.map(g, [1, 2, 3])"
    for (const method of ["'fork'", "'spawn'"]) {
      expect(await python(code.replace("METHOD", method))).toMatchObject({ code: 0, result: { value: [1, 4, 9] } })
    }
  })

  test.for<[string, string]>([
    [
      "a function",
      "import time\ndef f():\n  try:\n    print('ready'); time.sleep(30)\n  finally:\n    time.sleep(0.3); print('cleaned')",
    ],
    [
      "a coroutine",
      "import asyncio, time\nasync def f():\n  try:\n    print('ready'); await asyncio.sleep(30)\n  finally:\n    time.sleep(0.3); print('cleaned')",
    ],
    [
      "a busy loop",
      "import time\ndef f():\n  try:\n    print('ready')\n    while True: pass\n  finally:\n    time.sleep(0.3); print('cleaned')",
    ],
  ])("SIGTERM lets `finally` of %s run and ends with 143, a second one does not disturb it", async ([, code]) => {
    const called = await python(code, "main.py:f", { stopAt: "ready\n" })
    expect(called).toMatchObject({ code: 143, result: undefined, stdout: "ready\ncleaned\n" })
    expect(called.left).toEqual(["call.json"])
  })
})
