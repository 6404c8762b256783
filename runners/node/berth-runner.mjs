// Calls a user's TypeScript or JavaScript handler: reads the file that BERTH_CALL names, leaves the one that
// BERTH_RESULT names. The contract is packages/spec/src/runner.ts; the rules for users are in README.md.

import { execFileSync } from "node:child_process"
import { existsSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath, pathToFileURL } from "node:url"
import { inspect } from "node:util"

const maxResultBytes = 256 * 1024
const maxTracebackBytes = 32 * 1024
const maxDepth = 200
const extensions = [".ts", ".mts", ".cts", ".js", ".mjs", ".cjs"]
const runnerPaths = [import.meta.url, fileURLToPath(import.meta.url)]

/** The module, the handler or its arguments are not as the run says; or its result cannot be kept. */
class Problem extends Error {
  constructor(stage, name, message) {
    super(message)
    this.stage = stage
    this.name = name
  }
}

const call = JSON.parse(readFileSync(process.env.BERTH_CALL, "utf8"))
let settled = false

// Finding the handler.

function listModules() {
  return readdirSync(call.codeDir)
    .filter((name) => extensions.some((extension) => name.endsWith(extension)) && !name.endsWith(".d.ts"))
    .sort()
}

/** `file.ts:name`, `module.path:name`, `file.ts` for its default export, `name` in the only module. */
function splitHandler(handler) {
  const colon = handler.lastIndexOf(":")
  if (colon > 0) return [handler.slice(0, colon), handler.slice(colon + 1) || "default"]
  if (extensions.some((extension) => handler.endsWith(extension))) return [handler, "default"]
  const found = listModules()
  if (found.length === 1) return [found[0], handler]
  throw new Problem(
    "load",
    "HandlerNotFound",
    `The handler "${handler}" names no module and the code holds ${found.length} at its top; write file.ts:${handler}.`,
  )
}

function findFile(module) {
  const stems = [module, module.replaceAll(".", "/")]
  const candidates = stems.flatMap((stem) =>
    ["", ...extensions].map((extension) => join(call.codeDir, stem + extension)),
  )
  const found = candidates.find((path) => existsSync(path) && statSync(path).isFile())
  if (found !== undefined) return found
  const held = listModules().join(", ") || "no TypeScript or JavaScript file"
  throw new Problem("load", "ModuleNotFound", `The code has no module "${module}"; at its top it holds ${held}.`)
}

async function loadModule(file) {
  try {
    return await import(pathToFileURL(file).href)
  } catch (error) {
    if (error instanceof SyntaxError && error.stack?.startsWith("SyntaxError")) {
      error.stack = locateSyntaxError(file) ?? error.stack
    }
    throw error
  }
}

/** A syntax error in JavaScript that is imported carries no line; a check of the file alone does. */
function locateSyntaxError(file) {
  try {
    execFileSync(process.execPath, ["--check", file], { stdio: ["ignore", "ignore", "pipe"] })
    return undefined
  } catch (error) {
    return String(error.stderr ?? "").replace(/\n+Node\.js v[^\n]*\n*$/, "") || undefined
  }
}

function findFunction(exports, name, module) {
  const value = exports[name] ?? exports.default?.[name]
  if (typeof value === "function") return value
  if (value !== undefined) {
    throw new Problem("load", "HandlerNotFound", `"${name}" in ${module} is no function but ${typeof value}.`)
  }
  const own = { ...exports.default, ...exports }
  const names = Object.keys(own).filter((key) => typeof own[key] === "function" && key !== "module.exports")
  const held = names.length > 0 ? `It exports ${names.slice(0, 10).join(", ")}.` : "It exports no function."
  throw new Problem("load", "HandlerNotFound", `${module} exports no "${name}". ${held}`)
}

function mergeArguments() {
  const both = Object.keys(call.inputs).find((name) => Object.hasOwn(call.parameters, name))
  if (both !== undefined) throw new Problem("load", "TypeError", `"${both}" is both an input and a parameter.`)
  return { ...call.inputs, ...call.parameters }
}

// Keeping what it returned.

const typeNames = {
  number: (value) => [String(value), "return null"],
  bigint: () => ["a BigInt", "return String(value)"],
  function: () => ["a function", "return plain values"],
  symbol: () => ["a symbol", "return plain values"],
  undefined: () => ["undefined", "return null"],
}

/** What is wrong with a value that is no array and no plain object, and what to return in its place. */
function describeForeign(value) {
  if (value instanceof Date) return ["an invalid Date", "return null"]
  if (value instanceof Map) return ["a Map", "return Object.fromEntries(value)"]
  if (value instanceof Set) return ["a Set", "return [...value]"]
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer)
    return ["bytes or a typed array", "return text or a list"]
  if (value instanceof Promise) return ["a Promise", "await it"]
  if (value instanceof Error) return ["an Error", "throw it, or return its message"]
  if (typeof value[Symbol.asyncIterator] === "function" || typeof value.next === "function") {
    return ["an iterator", "collect it into a list"]
  }
  return undefined
}

function refuse([what, advice], path) {
  const where = path === "" ? "that was returned" : `at ${path.replace(/^\./, "")}`
  throw new Problem("result", "NotJson", `The value ${where} is ${what}, which JSON does not have: ${advice}.`)
}

/** The value as plain JSON, or a Problem that names the place of what is none. */
function toJson(value, path = "", parents = []) {
  if (value === null || typeof value === "string" || typeof value === "boolean" || Number.isFinite(value)) return value
  if (typeof value !== "object") return refuse(typeNames[typeof value](value), path)
  if (parents.includes(value) || parents.length >= maxDepth) {
    return refuse([`nested deeper than ${maxDepth} levels or in itself`, "return a flat value"], path)
  }
  if (value instanceof Date && Number.isFinite(value.getTime())) return value.toJSON()
  const foreign = describeForeign(value)
  if (foreign !== undefined) return refuse(foreign, path)
  const within = [...parents, value]
  if (typeof value.toJSON === "function") return toJson(value.toJSON(), path, within)
  if (Array.isArray(value)) return Array.from(value, (item, index) => toJson(item, `${path}[${index}]`, within))
  const members = Object.entries(value).filter(([, item]) => item !== undefined)
  return Object.fromEntries(members.map(([key, item]) => [key, toJson(item, path + step(key), within)]))
}

function step(key) {
  return /^[A-Za-z_$][\w$]*$/.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`
}

function encodeValue(value) {
  const plain = value === undefined ? null : toJson(value)
  const size = Buffer.byteLength(JSON.stringify(plain))
  if (size <= maxResultBytes) return { version: 1, ok: true, value: plain }
  throw new Problem(
    "result",
    "TooLarge",
    `The result has ${size} bytes of JSON, at most ${maxResultBytes} are kept: write it to a volume and return where it is.`,
  )
}

function writeResult(document) {
  const path = process.env.BERTH_RESULT
  const temporary = `${path}.${process.pid}.tmp`
  writeFileSync(temporary, JSON.stringify(document))
  renameSync(temporary, path)
}

// Telling what went wrong.

function tail(text) {
  const bytes = Buffer.from(text)
  if (bytes.length <= maxTracebackBytes) return text
  return bytes
    .subarray(-maxTracebackBytes)
    .toString("utf8")
    .replace(/^\uFFFD+/, "")
}

function formatTraceback(error) {
  const folders = [`${pathToFileURL(call.codeDir).href}/`, `${call.codeDir}/`]
  const text = `${formatError(error)}\n`
  return tail(folders.reduce((shorter, folder) => shorter.replaceAll(folder, ""), text))
}

/** The stack with the user's frames only, then what caused it. */
function formatError(error, depth = 0) {
  if (!(error instanceof Error)) return `Thrown: ${inspect(error, { depth: 4 })}`
  const lines = String(error.stack ?? error).split("\n")
  const own = lines.filter((line) => !(/^\s+at /.test(line) && isForeignFrame(line))).join("\n")
  const inner = [error.cause, ...(Array.isArray(error.errors) ? error.errors : [])].filter((item) => item !== undefined)
  if (depth > 8) return own
  return [own, ...inner.map((item) => `Caused by: ${formatError(item, depth + 1)}`)].join("\n")
}

function isForeignFrame(line) {
  return /\bnode:internal\//.test(line) || runnerPaths.some((path) => line.includes(path))
}

function describeError(stage, error) {
  if (error instanceof Problem) return { stage: error.stage, type: error.name, message: tail(error.message) }
  const isError = error instanceof Error
  return {
    stage,
    type: isError ? error.name : typeof error,
    message: tail(isError ? String(error.message) : inspect(error)),
    traceback: formatTraceback(error),
  }
}

/** Prints the problem where people look for it, keeps it, and ends the process. */
function fail(stage, error) {
  if (settled) return
  settled = true
  const described = describeError(stage, error)
  process.stderr.write(described.traceback ?? `${described.message}\n`)
  writeResult({ version: 1, ok: false, error: described })
  process.exit(1)
}

// The way of a call.

async function prepare() {
  const [module, name] = splitHandler(call.handler)
  const exports = await loadModule(findFile(module))
  const handler = findFunction(exports, name, module)
  const init = call.initFunction === undefined ? undefined : findFunction(exports, call.initFunction, module)
  return { init, handler, given: mergeArguments() }
}

async function main() {
  const { init, handler, given } = await prepare().catch((error) => fail("load", error))
  const context = { ...call.context }
  try {
    await init?.(call.initParameters ?? {}, context)
    const value = await handler(given, context)
    if (settled) return
    writeResult(encodeValue(value))
  } catch (error) {
    fail("raised", error)
  }
  settled = true
  process.stdout.write("", () => process.exit())
}

process.chdir(call.codeDir)
process.on("uncaughtException", (error) => fail("raised", error))
process.on("beforeExit", () =>
  fail("raised", new Problem("raised", "NeverSettled", "The handler waits for something that can no longer happen.")),
)
// A PID 1 ignores signals without a handler; elsewhere the default ends even a busy loop at once.
if (process.pid === 1) process.on("SIGTERM", () => process.listenerCount("SIGTERM") === 1 && process.exit(143))
await main()
