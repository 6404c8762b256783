import { existsSync } from "node:fs"
import { access, mkdir, rm, writeFile } from "node:fs/promises"
import { dirname, join } from "node:path"
import { type Attempt, BerthError, type HandlerProgram, type RunnerCall } from "@berth/spec"
import { LaunchRefused, type PreparedHandler, type PrepareHandler } from "./engine.ts"
import type { Isolation, IsolationRequest } from "./isolation/isolation.ts"
import type { Places } from "./places.ts"
import { findPython, type Python } from "./python.ts"
import { unpackCode } from "./unpack.ts"
import { ensureVenv, type VenvRequest } from "./venv.ts"

/** What the preparation of handlers needs to know of this server. */
export interface HandlerOptions {
  /** The server's own environment: where `python3` is, how pip reaches its index. */
  readonly environment: NodeJS.ProcessEnv
  /** Default: `runners/` beside the packages, or beside the bundled program. */
  readonly runnersFolder?: string
  /** Keeps the installation of packages apart from the rest of the machine, as the handler itself. */
  readonly isolation?: Pick<Isolation, "wrap">
}

/** Makes the step between admission and launch of a python or node attempt: code, packages, call file, command. */
export function createPrepareHandler(options: HandlerOptions): PrepareHandler {
  const runners = options.runnersFolder ?? findRunners()
  let found: Python | undefined
  const python = async () => {
    found ??= await findPython(options.environment)
    return found
  }
  return async (attempt, places, { signal }) => {
    const program = handlerOf(attempt)
    await writeInputs(attempt, program, places)
    const variables = { BERTH_CALL: places.callFile, BERTH_RESULT: places.resultFile }
    const prepared = { workingDirectory: places.work, environment: variables }
    if (program.kind === "node") return { ...prepared, ...prepareNode(runners) }
    const interpreter = await python()
    const visible = [runners, ...interpreter.folders]
    if ((program.packages ?? []).length === 0) {
      return { ...prepared, command: pythonCommand(runners, interpreter.executable), visible }
    }
    const venv = await ensureVenv({
      python: interpreter,
      packages: program.packages ?? [],
      folder: join(places.data, "venvs"),
      log: places.log,
      environment: options.environment,
      signal,
      isolate: options.isolation && isolateFor(options.isolation, { places, visible }),
    })
    const path = `${join(venv, "bin")}:${options.environment.PATH ?? ""}`
    return {
      command: pythonCommand(runners, join(venv, "bin", "python")),
      workingDirectory: places.work,
      environment: { ...variables, VIRTUAL_ENV: venv, PATH: path },
      visible: [...visible, venv],
    }
  }
}

/** A script sees what the attempt will see, and may write to one folder more. */
function isolateFor(
  { wrap }: Pick<Isolation, "wrap">,
  seen: Pick<IsolationRequest, "places" | "visible">,
): VenvRequest["isolate"] {
  return (script, path) => {
    const volume = { name: "packages", mountPath: path, readOnly: false } as const
    const volumes = [{ ...volume, content: { form: "host", path, directory: true } as const }]
    return wrap({ ...seen, volumes, script })
  }
}

/** Unbuffered, and UTF-8 whatever the locale: what a handler prints is seen at once and as it was meant. */
function pythonCommand(runners: string, executable: string): readonly string[] {
  return [executable, "-u", "-X", "utf8", join(runners, "python", "berth_runner.py")]
}

function prepareNode(runners: string): Pick<PreparedHandler, "command" | "visible"> {
  // Code without a package.json is no mistake here.
  const flags = ["--disable-warning=MODULE_TYPELESS_PACKAGE_JSON", "--disable-warning=ExperimentalWarning"]
  const command = [process.execPath, ...flags, join(runners, "node", "berth-runner.mjs")]
  // A checkout below /tmp brings its own Node along, and /tmp is another one for the program.
  return { command, visible: [runners, dirname(process.execPath)] }
}

function handlerOf(attempt: Attempt): HandlerProgram {
  if (attempt.program.kind !== "container") return attempt.program
  throw new LaunchRefused("A container has no handler to prepare.")
}

/** Writes code and call file. An earlier try may have been cut short: it starts from nothing. */
async function writeInputs(attempt: Attempt, program: HandlerProgram, places: Places): Promise<void> {
  for (const folder of [places.work, places.result]) await rm(folder, { recursive: true, force: true })
  await mkdir(places.result, { recursive: true })
  try {
    await unpackCode(program.code, { folder: places.work, defaultName: defaultName(program) })
  } catch (error) {
    if (error instanceof BerthError) throw new LaunchRefused(error.message, { cause: error })
    throw error
  }
  if (program.kind === "node") await closePackageScope(places)
  await writeFile(places.callFile, JSON.stringify(callOf(attempt, program, places)))
}

function callOf(attempt: Attempt, program: HandlerProgram, places: Places): RunnerCall {
  return {
    version: 1,
    handler: program.handler,
    ...(program.initFunction !== undefined && { initFunction: program.initFunction }),
    codeDir: places.work,
    inputs: attempt.inputs,
    parameters: attempt.parameters,
    ...(attempt.initParameters !== undefined && { initParameters: attempt.initParameters }),
    context: {
      project: attempt.project,
      function: attempt.function.name,
      action: attempt.action,
      run: attempt.run,
      attempt: attempt.number,
    },
  }
}

/** The file name of code that came without one: what the handler calls its module. */
function defaultName({ kind, handler }: HandlerProgram): string {
  const extension = kind === "python" ? ".py" : ".ts"
  const module = handler.slice(0, Math.max(0, handler.lastIndexOf(":")))
  if (/\.(py|[cm]?[jt]s)$/.test(module)) return module
  return module === "" ? `main${extension}` : `${module.replaceAll(".", "/")}${extension}`
}

/** Node takes a module's type from the nearest package.json above: that must not be one of this machine's. */
async function closePackageScope(places: Places): Promise<void> {
  const own = join(places.work, "package.json")
  const isOwn = await access(own).then(
    () => true,
    () => false,
  )
  if (isOwn || !hasPackageAbove(places.work)) return
  await writeFile(own, "{}\n")
}

function hasPackageAbove(folder: string): boolean {
  const parent = dirname(folder)
  return parent !== folder && (existsSync(join(parent, "package.json")) || hasPackageAbove(parent))
}

/** Beside `packages/` in a checkout, beside the program when it is bundled. */
function findRunners(): string {
  const candidates = ["../../../runners", "../runners", "./runners"].map((path) => join(import.meta.dirname, path))
  const found = candidates.find((path) => existsSync(join(path, "python", "berth_runner.py")))
  if (found !== undefined) return found
  throw new Error(`The runners are missing: looked in ${candidates.join(", ")}.`)
}
