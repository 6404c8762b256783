import { spawn } from "node:child_process"
import { mkdir, mkdtemp, readdir, realpath, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { text } from "node:stream/consumers"
import type { Attempt, Code, HandlerProgram, RunnerResult } from "@berth/spec"
import { createPrepareHandler } from "../handler.ts"
import { eventsFolder, type Places, placesOf } from "../places.ts"
import { readResultFile } from "../result-file.ts"

/** What one call of a handler left in the world. */
export interface Called {
  readonly code: number | null
  readonly signal: string | null
  readonly stdout: string
  readonly stderr: string
  readonly result: RunnerResult | undefined
  /** Names in the result's folder: nothing half-written may stay. */
  readonly left: readonly string[]
}

export interface Call {
  readonly kind: "python" | "node"
  readonly code: string | Code
  readonly handler: string
  readonly parameters?: Attempt["parameters"]
  readonly inputs?: Attempt["inputs"]
  readonly initFunction?: string
  readonly initParameters?: Attempt["parameters"]
  readonly packages?: readonly string[]
  readonly name?: string
  /** A package.json of the machine, in a folder above the code. */
  readonly packageAbove?: string
  /** Sends SIGTERM when this has appeared on stdout, and again 50 ms later. */
  readonly stopAt?: string
}

export async function makeDataFolder(): Promise<string> {
  return realpath(await mkdtemp(join(tmpdir(), "berth-local-")))
}

export async function makePlaces(data: string, uid = "attempt-1"): Promise<Places> {
  const places = placesOf(data, uid)
  for (const folder of [places.work, places.home, places.tmp, places.result, eventsFolder(data)])
    await mkdir(folder, { recursive: true })
  return places
}

export function makeAttempt(program: Attempt["program"], more: Partial<Attempt> = {}): Attempt {
  return {
    uid: "attempt-1",
    project: "default",
    run: "run-1",
    number: 1,
    function: { name: "f", id: "1", kind: program.kind },
    action: "job",
    program,
    requirements: {},
    provenance: {},
    inputs: {},
    parameters: {},
    queuedAt: "2026-01-01T00:00:00.000Z",
    ...more,
  }
}

/** Prepares and calls a handler as an executor does, with the real interpreter. */
export async function callHandler(call: Call): Promise<Called> {
  const data = await makeDataFolder()
  try {
    if (call.packageAbove !== undefined) await writeFile(join(data, "package.json"), call.packageAbove)
    const places = await makePlaces(data)
    const prepared = await createPrepareHandler({ environment: process.env })(attemptOf(call), places, {
      signal: AbortSignal.timeout(60_000),
    })
    const [command = "", ...args] = prepared.command
    const child = spawn(command, args, {
      cwd: prepared.workingDirectory,
      env: { PATH: process.env.PATH, HOME: places.home, TMPDIR: places.tmp, ...prepared.environment },
      stdio: ["ignore", "pipe", "pipe"],
    })
    let seen = ""
    child.stdout.on("data", (chunk: Buffer) => {
      const isEarlier = call.stopAt === undefined || seen.includes(call.stopAt)
      seen += chunk.toString()
      if (isEarlier || !seen.includes(call.stopAt ?? "")) return
      child.kill("SIGTERM")
      setTimeout(() => child.kill("SIGTERM"), 50)
    })
    const ended = new Promise<[number | null, string | null]>((resolve) => {
      child.once("close", (code, signal) => resolve([code, signal]))
    })
    const [stdout, stderr, [code, signal]] = await Promise.all([text(child.stdout), text(child.stderr), ended])
    const result = (await readResultFile(places.resultFile)) as RunnerResult | undefined
    return { code, signal, stdout, stderr, result, left: await readdir(places.result) }
  } finally {
    await rm(data, { recursive: true, force: true })
  }
}

function attemptOf(call: Call): Attempt {
  const name = call.name ?? (call.kind === "python" ? "main.py" : "main.ts")
  const code: Code =
    typeof call.code === "string"
      ? { form: "file", name, base64: Buffer.from(call.code).toString("base64") }
      : call.code
  const program: HandlerProgram = {
    kind: call.kind,
    handler: call.handler,
    code,
    ...(call.initFunction !== undefined && { initFunction: call.initFunction }),
    ...(call.packages !== undefined && { packages: call.packages }),
  }
  return makeAttempt(program, {
    inputs: call.inputs ?? {},
    parameters: call.parameters ?? {},
    ...(call.initParameters !== undefined && { initParameters: call.initParameters }),
  })
}
