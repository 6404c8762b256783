import {
  type Code,
  type ContainerProgram,
  createFinding,
  type Finding,
  type FunctionKind,
  type HandlerProgram,
  isJsonObject,
  type Json,
  type JsonObject,
  maxCodeBytes,
  type Path,
  type Program,
} from "@berth/spec"

/** What to run, or everything that keeps it from being said. */
export interface ProgramResult {
  readonly program: Program | undefined
  readonly findings: readonly Finding[]
}

/** What decides about a program beside the specs. */
export interface ProgramOptions {
  readonly kind: FunctionKind
  /** The function's spec: its members that say what to run always win. */
  readonly function: JsonObject
  /** The run's spec, over the task's. */
  readonly run: JsonObject
  /** The executor ignores images: a container function needs a command. */
  readonly commandRequired: boolean
}

const functionLayer = { layer: "function" } as const
const pullPolicies = ["Always", "IfNotPresent", "Never"] as const

/** Reads the members that say what to run. */
export function buildProgram(options: ProgramOptions): ProgramResult {
  return options.kind === "container" ? buildContainer(options) : buildHandler(options.kind, options)
}

function buildContainer(options: ProgramOptions): ProgramResult {
  const reader = createReader(options)
  const image = reader.text("image") ?? reader.text("base_image")
  const command = reader.command()
  const pullPolicy = reader.choice("image_pull_policy", pullPolicies)
  const args = reader.list("args") ?? []
  if (options.commandRequired && command === undefined && reader.findings.length === 0) {
    reader.add(
      createFinding("program.missing", { kind: "container", member: "a command, as images are not used here" }),
    )
  } else if (image === undefined && command === undefined) {
    reader.add(createFinding("program.missing", { kind: "container", member: "an image" }))
  }
  const program: ContainerProgram = {
    kind: "container",
    ...(image !== undefined && { image }),
    ...(pullPolicy !== undefined && { imagePullPolicy: pullPolicy }),
    ...(command !== undefined && { command }),
    args,
  }
  return reader.result(program)
}

function buildHandler(kind: "python" | "node", options: ProgramOptions): ProgramResult {
  const reader = createReader(options)
  const source = reader.object("source") ?? {}
  const handler = textOf(source.handler) ?? reader.text("handler")
  const initFunction = textOf(source.init_function) ?? reader.text("init_function")
  const image = reader.text("image") ?? reader.text("base_image")
  const packages = reader.list("requirements")
  if (handler === undefined) {
    reader.add(createFinding("program.missing", { kind, member: "a handler, as in main:train" }))
  }
  const code = readCode(kind, source, handler)
  if ("code" in code && "severity" in code) reader.add(code)
  if (handler === undefined || !("form" in code)) return reader.result(undefined)
  const program: HandlerProgram = {
    kind,
    handler,
    ...(initFunction !== undefined && { initFunction }),
    code,
    ...(packages !== undefined && packages.length > 0 && { packages }),
    ...(image !== undefined && { image }),
  }
  return reader.result(program)
}

const base64Text = /^[A-Za-z0-9+/_-]*={0,2}$/

/** Code as base64: a gzip archive is a folder, everything else one file. */
function readCode(kind: "python" | "node", source: JsonObject, handler: string | undefined): Code | Finding {
  const base64 = textOf(source.base64)?.replaceAll(/\s/g, "")
  const from = textOf(source.source)
  if (base64 === undefined) {
    return from !== undefined && /^[a-z0-9+]+:\/\//.test(from)
      ? createFinding("code.source_unsupported", { source: withoutCredentials(from), ...functionLayer })
      : createFinding("code.missing", { kind, ...functionLayer })
  }
  if (!base64Text.test(base64)) {
    return createFinding("code.unreadable", { reason: "source.base64 is not base64.", ...functionLayer })
  }
  const bytes = Math.floor((base64.replace(/=+$/, "").length * 3) / 4)
  if (bytes > maxCodeBytes) {
    return createFinding("code.too_large", { bytes, limitBytes: maxCodeBytes, ...functionLayer })
  }
  const head = Buffer.from(base64.slice(0, 4), "base64")
  if (head[0] === 0x1f && head[1] === 0x8b) return { form: "tar.gz", base64 }
  const name = fileName(kind, { from, handler })
  return { form: "file", base64, ...(name !== undefined && { name }) }
}

const extensions = { python: "py", node: "ts" } as const

/** Under which name one file is kept: the handler's module says it, else where the file came from. */
function fileName(
  kind: "python" | "node",
  { from, handler }: { readonly from: string | undefined; readonly handler: string | undefined },
): string | undefined {
  const [module = "", member] = (handler ?? "").split(":", 2)
  const isFile = /\.(py|ts|mts|js|mjs)$/.test(module)
  if (isFile) return module
  if (member !== undefined && module !== "") return `${module.replaceAll(".", "/")}.${extensions[kind]}`
  const last = from?.split("/").at(-1)
  return last !== undefined && /^[\w.-]+\.(py|ts|mts|js|mjs)$/.test(last) ? last : undefined
}

/** `git+https://user:token@host/x` holds a secret. */
function withoutCredentials(url: string): string {
  return url.replace(/\/\/[^@/]*@/, "//").replace(/[?#].*$/, "")
}

function textOf(value: Json | undefined): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined
}

interface Located {
  readonly value: Json
  readonly path: Path
  readonly layer: "function" | "run"
}

/** Reads members from the function's spec, else from the run's, noting what has the wrong type. */
function createReader(options: ProgramOptions) {
  const findings: Finding[] = []
  const find = (member: string): Located | undefined => {
    for (const layer of ["function", "run"] as const) {
      const value = options[layer][member]
      if (value !== undefined && value !== null && value !== "") return { value, path: [member], layer }
    }
    return undefined
  }
  const refuse = ({ path, layer }: Located, expected: string): undefined => {
    const data = { member: String(path[0]), expected, ...(layer === "function" && functionLayer) }
    findings.push(createFinding("program.invalid", data, { path }))
    return undefined
  }
  const list = (member: string): readonly string[] | undefined => {
    const found = find(member)
    if (found === undefined) return undefined
    if (!Array.isArray(found.value) || !found.value.every(isScalar)) return refuse(found, "a list of texts")
    return found.value.map(String)
  }
  return {
    findings,
    add: (finding: Finding) => findings.push(finding),
    text(member: string): string | undefined {
      const found = find(member)
      return found === undefined || typeof found.value === "string"
        ? (found?.value as string | undefined)
        : refuse(found, "a text")
    },
    object(member: string): JsonObject | undefined {
      const found = find(member)
      return found === undefined || isJsonObject(found.value)
        ? (found?.value as JsonObject | undefined)
        : refuse(found, "an object")
    },
    choice<Choice extends string>(member: string, choices: readonly Choice[]): Choice | undefined {
      const found = find(member)
      if (found === undefined) return undefined
      return choices.find((choice) => choice === found.value) ?? refuse(found, `one of ${choices.join(", ")}`)
    },
    list,
    command(): readonly string[] | undefined {
      const found = find("command")
      if (found === undefined || typeof found.value !== "string") return list("command")
      if (/\s/.test(found.value)) findings.push(spacesFinding(found.value, found))
      return [found.value]
    },
    result: (program: Program | undefined): ProgramResult => ({ program, findings }),
  }
}

function isScalar(value: Json): boolean {
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean"
}

/** A string is one argument, as upstream; the fix says what was probably meant. */
function spacesFinding(command: string, { path, layer }: Located): Finding {
  const words = command.trim().split(/\s+/)
  const data = { command, ...(layer === "function" && functionLayer) }
  const fix = [{ op: "replace", path: "/command", value: words }] as const
  return createFinding("command.spaces", data, { path, ...(layer === "run" && { fix }) })
}
