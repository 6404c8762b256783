import { execFileSync, spawn } from "node:child_process"
import { once } from "node:events"
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { Writable } from "node:stream"
import fc from "fast-check"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { seed } from "../../../scripts/seed.ts"
import { readAttemptFiles } from "./attempt-files.ts"
import type { Launch } from "./engine.ts"
import { isShellName, quote, toInnerText, toOddVariables } from "./hand-over.ts"
import { createPlainIsolation } from "./isolation/none.ts"
import { toLaunchText, toPipeText } from "./launch-text.ts"
import { type Places, placesOf } from "./places.ts"
import { supervisorScript } from "./supervisor.ts"
import { commandAttempt } from "./testing/executor-fixture.ts"
import { findTools } from "./tools.ts"

// Not a version manager's stand-in, which is a shell with habits of its own.
const python = execFileSync("python3", ["-c", "import sys; print(sys.executable)"], { encoding: "utf8" }).trim()
const tools = findTools(process.env.PATH)
let data = ""
let places: Places = placesOf("/", "u")

beforeEach(() => {
  data = mkdtempSync(join(tmpdir(), "berth-supervisor-"))
  places = placesOf(data, "u")
  for (const folder of [places.work, places.home, places.tmp, join(data, "local/events")]) {
    mkdirSync(folder, { recursive: true })
  }
})
afterEach(() => rmSync(data, { recursive: true, force: true }))

const textFor = (command: readonly string[], environment: Readonly<Record<string, string>> = {}) => {
  const launch: Launch = {
    attempt: commandAttempt(command),
    places,
    command,
    environment: { PATH: process.env.PATH ?? "", ...environment },
    workingDirectory: places.work,
    visible: [],
    volumes: [],
    limits: {},
    transient: [],
    gpus: [],
  }
  const limits = { folders: [], counters: [] }
  return toPipeText(toLaunchText({ launch, isolation: createPlainIsolation(tools), limits, tools }))
}

/** Starts a supervisor as the executor does, but with any text. */
async function supervise(text: string, odd = ""): Promise<void> {
  const stdio = ["ignore", "ignore", "inherit", "pipe", "ignore", "ignore", "ignore", "pipe"] as const
  // With core dumps, where this process may allow them.
  const words = ["-c", 'ulimit -c "$(ulimit -Hc)"; exec "$@"', "sh", tools.sh, "-c", supervisorScript]
  const child = spawn(tools.sh, [...words, "berth-supervisor", "u"], {
    stdio: [...stdio],
    env: { PATH: process.env.PATH },
  })
  const pipes: readonly unknown[] = child.stdio
  ;(pipes[7] as Writable).end(odd)
  ;(pipes[3] as Writable).on("error", () => {}).end(text)
  await once(child, "exit")
}

describe("a supervisor", () => {
  it("whose sender died half-way does nothing at all", async () => {
    const text = textFor(["sh", "-c", "echo ran"])
    for (const length of [0, 1, 100, text.length - 200, text.length - 1]) await supervise(text.slice(0, length))
    expect(readAttemptFiles(places)).toEqual({ begun: false, stopRequested: false })
    expect(existsSync(places.log)).toBe(false)
  })

  it("is one of many that starts the program", async () => {
    const text = textFor(["sh", "-c", "echo ran; sleep 0.1"])
    await Promise.all(Array.from({ length: 6 }, () => supervise(text)))
    expect(readFileSync(places.log, "utf8")).toBe("ran\n")
  })

  it("lets the program leave no core dump, which would hold its secrets", async () => {
    await supervise(textFor(["sh", "-c", "ulimit -Sc; ulimit -Hc"]))
    expect(readFileSync(places.log, "utf8")).toBe("0\n0\n")
  })

  it("starts nothing that was given up", async () => {
    writeFileSync(join(places.attempt, "started"), "-\n")
    await supervise(textFor(["sh", "-c", "echo ran"]))
    expect(existsSync(places.log)).toBe(false)
  })

  it("hands on arguments and variables as they are, whatever is in them", async () => {
    const word = fc.string({ unit: "binary", maxLength: 40 }).filter((text) => !text.includes("\0"))
    const name = fc.oneof(
      fc.stringMatching(/^[A-Za-z_][A-Za-z0-9_]{0,8}$/),
      fc.stringMatching(/^[a-z.][a-z0-9.-]{0,8}$/),
      fc.constantFrom("IFS", "OPTIND", "PPID", "PWD", "text", "dir", "program", "code", "A-B", "a.b"),
    )
    const cases = fc.asyncProperty(
      fc.array(word, { maxLength: 4 }),
      fc.dictionary(name, word),
      async (words, variables) => {
        rmSync(places.attempt, { recursive: true, force: true })
        for (const folder of [places.work, places.home]) mkdirSync(folder, { recursive: true })
        const { PATH: _path, LD_PRELOAD: _preload, ...environment } = variables
        const show = `import json,os,sys
e = {k.decode('utf8', 'surrogateescape'): v.hex() for k, v in os.environb.items()}
print(json.dumps([[os.fsencode(a).hex() for a in sys.argv[1:]], e]))`
        await supervise(textFor([python, "-S", "-E", "-c", show, ...words], environment), toOddVariables(environment))
        const [got, seen] = JSON.parse(readFileSync(places.log, "utf8")) as [string[], Record<string, string>]
        const hex = (text: string) => Buffer.from(text).toString("hex")
        expect(got).toEqual(words.map(hex))
        for (const [key, value] of Object.entries(environment)) expect([key, seen[key]]).toEqual([key, hex(value)])
      },
    )
    await fc.assert(cases, { seed, numRuns: 25 })
  }, 60_000)
})

describe("text for sh", () => {
  it("refuses NUL and quotes everything else", () => {
    expect(quote("it's")).toBe("'it'\\''s'")
    expect(() => quote("a\0b")).toThrow("NUL")
  })

  it("exports only names that sh keeps", () => {
    expect(["A", "_a1", "a-b", "a.b", "1a", "IFS", "PPID", "BASH_ENV"].filter(isShellName)).toEqual(["A", "_a1"])
    const inner = toInnerText({
      command: ["x"],
      environment: { A: "1", "a-b": "2" },
      workingDirectory: "/w",
      resetSignals: [],
      loader: ["loader"],
    })
    expect(inner).toContain("export A='1'")
    expect(inner).not.toContain("a-b")
    expect(inner).toContain("exec 'loader'")
  })
})
