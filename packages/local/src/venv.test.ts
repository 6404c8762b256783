import { execFileSync, spawnSync } from "node:child_process"
import { mkdir, mkdtemp, readdir, readFile, realpath, rm, symlink, utimes, writeFile } from "node:fs/promises"
import { homedir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, test } from "vitest"
import { missing } from "../../../scripts/parts.ts"
import { LaunchRefused } from "./engine.ts"
import { createPrepareHandler } from "./handler.ts"
import { chooseIsolation } from "./isolation/choose.ts"
import { findPython } from "./python.ts"
import { callHandler, makeAttempt, makeDataFolder, makePlaces } from "./testing/call-handler.ts"
import { makeCuriousSource, makeWheel } from "./testing/make-wheel.ts"
import { findTools } from "./tools.ts"
import { ensureVenv, type VenvRequest } from "./venv.ts"

describe.skipIf(missing("python"))("virtual environments", () => {
  let data = ""
  let request: VenvRequest
  const offline = () => ["--no-index", `--find-links ${data}/wheels`]

  beforeEach(async () => {
    data = await makeDataFolder()
    await mkdir(join(data, "wheels"))
    for (const version of ["1.0", "2.0"]) {
      makeWheel(join(data, "wheels"), version)
    }
    request = {
      python: await findPython(process.env),
      packages: [...offline(), "berth-greeting==1.0"],
      folder: join(data, "venvs"),
      log: join(data, "log"),
      environment: process.env,
      signal: AbortSignal.timeout(60_000),
    }
  })
  afterEach(() => rm(data, { recursive: true, force: true }))

  const ask = (venv: string) =>
    execFileSync(join(venv, "bin", "python"), ["-c", "import berth_greeting; print(berth_greeting.VERSION)"], {
      encoding: "utf8",
    }).trim()
  const built = async () => (await readdir(request.folder)).length

  test("packages are installed once per list, and their programs run", async () => {
    const first = await ensureVenv(request)
    const again = await ensureVenv(request)
    const other = await ensureVenv({ ...request, packages: [...offline(), "berth-greeting==2.0"] })
    expect([ask(first), ask(other), again]).toEqual(["1.0", "2.0", first])
    expect(execFileSync(join(first, "bin", "greet"), { encoding: "utf8" })).toBe("hello 1.0\n")
    expect(await built()).toBe(4)
    const log = await readFile(request.log, "utf8")
    expect(log.match(/Successfully installed berth-greeting-1\.0/g)).toHaveLength(1)
  })

  test("an interpreter without a pip of its own makes one in the environment", async () => {
    const python = { ...request.python, hasPip: false }
    expect(ask(await ensureVenv({ ...request, python }))).toBe("1.0")
  })

  test("runs that ask at the same time share one build", async () => {
    const venvs = await Promise.all([1, 2, 3].map((n) => ensureVenv({ ...request, log: join(data, `log${n}`) })))
    expect(new Set(venvs).size).toBe(1)
    expect(await built()).toBe(2)
    expect(await readFile(join(data, "log2"), "utf8")).toContain("waiting for another run")
  })

  test("a package that does not exist is refused with pip's own words, and leaves nothing", async () => {
    const wrong = { ...request, packages: [...offline(), "berth-greeting==9.9"] }
    const error = await ensureVenv(wrong).catch((caught: unknown) => caught)
    expect(error).toBeInstanceOf(LaunchRefused)
    expect(String(error)).toMatch(/could not be installed \(exit code 1\):.*berth-greeting==9\.9/s)
    expect(await readFile(request.log, "utf8")).toContain("berth-greeting==9.9")
    expect(await built()).toBe(0)
  })

  test.for([
    "-r /etc/passwd",
    "-c x.txt",
    "-e .",
    "./local",
    "/etc/x.whl",
    "file:///etc/x",
    "--requirement=/etc/passwd",
    "a\n-r /etc/passwd",
  ])("%j is refused: it names a file of the server", async (line) => {
    await expect(ensureVenv({ ...request, packages: [line] })).rejects.toThrow(/names a file of the server/)
  })

  test("an abort ends pip and leaves nothing; the next one builds", async () => {
    const abort = new AbortController()
    const first = ensureVenv({ ...request, signal: abort.signal }).catch((error: unknown) => error)
    const second = ensureVenv({ ...request, log: join(data, "log2") })
    setTimeout(() => abort.abort(new Error("stopped")), 200)
    expect(await first).toEqual(new Error("stopped"))
    expect(ask(await second)).toBe("1.0")
    expect(await built()).toBe(2)
    expect(spawnSync("pgrep", ["-f", `${data}/venvs`]).status).toBe(1)
  })

  test("what a server that died left half-built is ignored, and removed when it is old", async () => {
    const venv = await ensureVenv(request)
    const link = venv.replace(/\.[^.]+$/, "")
    await rm(link)
    await mkdir(`${link}.old`)
    await mkdir(`${link}.fresh`)
    await utimes(`${link}.old`, 1, 1)
    await symlink("nowhere", link)
    const rebuilt = await ensureVenv(request)
    expect(ask(rebuilt)).toBe("1.0")
    const names = await readdir(request.folder)
    expect(names.some((name) => name.endsWith(".old"))).toBe(false)
    expect(names.some((name) => name.endsWith(".fresh"))).toBe(true)
  })

  test("pip sees none of the server's own variables", async () => {
    const seen = "import os, sys; open(os.environ['PIP_SEEN'], 'w').write(repr(sorted(os.environ)))"
    const sitecustomize = join(data, "site")
    await mkdir(sitecustomize)
    const environment = {
      ...process.env,
      BERTH_SECRET_KEY: "canary",
      AWS_SECRET_ACCESS_KEY: "canary",
      PIP_SEEN: join(data, "seen"),
    }
    const python = { ...request.python, executable: join(data, "python") }
    const { writeFile, chmod } = await import("node:fs/promises")
    await writeFile(
      python.executable,
      `#!/bin/sh\n${request.python.executable} -c "${seen}"\nexec ${request.python.executable} "$@"\n`,
    )
    await chmod(python.executable, 0o755)
    await ensureVenv({ ...request, python, environment })
    const names = await readFile(join(data, "seen"), "utf8")
    expect(names).toContain("PIP_SEEN")
    expect(names).not.toMatch(/SECRET/)
  })

  test.for(["bubblewrap", "unshare"] as const)(
    "what a package's own build does is kept apart by %s",
    async (name, { skip }) => {
      if (missing(name)) skip()
      // Outside of what every run has of its own.
      const outside = await realpath(await mkdtemp(join(homedir(), "berth-sources-")))
      try {
        makeCuriousSource(outside, { readable: join(data, "secret.key"), writable: join(outside, "x") })
        await writeFile(join(data, "secret.key"), "canary")
        const isolation = await chooseIsolation(data, { tools: findTools(process.env.PATH), wanted: name })
        const places = await makePlaces(data)
        const attempt = makeAttempt({
          kind: "python",
          handler: "f",
          code: {
            form: "file",
            base64: Buffer.from("import curious\ndef f(): return curious.SEEN").toString("base64"),
          },
          packages: ["--no-index", `--find-links ${outside}`, "berth-curious==1.0"],
        })
        const prepare = createPrepareHandler({ environment: process.env, isolation })
        const { command } = await prepare(attempt, places, { signal: request.signal })
        const look = "import curious, json; print(json.dumps(curious.SEEN))"
        const seen = execFileSync(command[0] ?? "", ["-c", look], { encoding: "utf8" })
        expect(JSON.parse(seen)).toEqual(["FileNotFoundError", "OSError"])
      } finally {
        await rm(outside, { recursive: true })
      }
    },
  )

  test("a handler imports its packages and finds their programs", async () => {
    const code =
      "import berth_greeting, subprocess\ndef f(): return [berth_greeting.VERSION, subprocess.check_output('greet', text=True)]"
    const called = await callHandler({ kind: "python", code, handler: "f", packages: request.packages })
    expect(called.result).toEqual({ version: 1, ok: true, value: ["1.0", "hello 1.0\n"] })
  })
})

describe("the interpreter", () => {
  test("is the real executable, not a version manager's stand-in", async () => {
    const python = await findPython(process.env)
    const script = "import sys; print(sys.executable)"
    expect(execFileSync(python.executable, ["-c", script], { env: {}, cwd: "/", encoding: "utf8" }).trim()).toBe(
      python.executable,
    )
  })

  test("that is missing is said, with what to do", async () => {
    await expect(findPython({ PATH: "/nonexistent" })).rejects.toThrow(
      /there is no python3 on the server's PATH. Install Python 3/,
    )
  })
})
