import { readFile, stat } from "node:fs/promises"
import { dirname, resolve } from "node:path"
import type { Run } from "@berth/sdk"
import { BerthError, type Finding, isJsonObject, type JsonObject, type RunEntity } from "@berth/spec"
import { type FileFinding, type FunctionDocument, readDocuments } from "../document.ts"
import type { SelfCommand } from "../embedded.ts"
import { exitCode } from "../exit-code.ts"
import { formatFindings, type Place } from "../findings.ts"
import { applyFixes, describeFix, numberFixes, parseFixNumbers } from "../fixes.ts"
import { followRun, formatEnd } from "../follow.ts"
import { readObjects } from "../objects.ts"
import { printResult } from "../output.ts"
import { type GlobalOptions, openSession, type Session, toOutput } from "../session.ts"
import {
  ensureFunction,
  planRun,
  type RunRequest,
  readFunction,
  type Strictness,
  submitRun,
  toRunRequest,
  withCode,
} from "../submit.ts"

export interface RunOptions extends GlobalOptions {
  readonly follow?: boolean
  readonly strict?: boolean
  readonly fix?: string
  readonly objects?: string
  readonly again?: string
  readonly param?: readonly string[]
}

/** One run to be submitted, and where its findings point. */
interface Planned {
  readonly request: RunRequest
  readonly title: string
  readonly place?: Place
}

/** `berth run FILE|NAME`, `berth run --again RUN`. Gives the exit status. */
export async function runCommand(target: string | undefined, options: RunOptions, self: SelfCommand): Promise<number> {
  if ((target === undefined) === (options.again === undefined)) {
    throw new BerthError("invalid", "Say what to run: a file, the name of a function, or --again with a run.")
  }
  const documents = target !== undefined && (await isFile(target)) ? await readFunctions(target, options) : undefined
  if (documents === "refused") return exitCode.usage
  const session = await openSession(withFileProject(options, documents), self)
  await session.client.projects.ensure(session.project)
  if (options.objects !== undefined) await sendObjects(session, options.objects)
  const planned = await planTargets({ target, options, documents }, session)
  let status = 0
  for (const each of planned) {
    status = await submitOne(each, options, session)
    if (status !== 0) break
  }
  return status
}

async function isFile(target: string): Promise<boolean> {
  const found = await stat(target).catch(() => undefined)
  if (found?.isFile() === true) return true
  if (/\.(ya?ml|json)$/.test(target)) throw new BerthError("invalid", `There is no file ${target}.`)
  return false
}

/** The functions of a file, or `refused` when their problems were printed. */
export async function readFunctions(
  file: string,
  options: GlobalOptions,
): Promise<readonly FunctionDocument[] | "refused"> {
  const { documents, problems } = readDocuments(file, await readFile(file, "utf8"))
  if (problems.length > 0) {
    await printProblems(file, problems, options)
    return "refused"
  }
  if (documents.length === 0) throw new BerthError("invalid", `${file} holds no function.`)
  return documents
}

async function printProblems(file: string, problems: readonly FileFinding[], options: GlobalOptions): Promise<void> {
  const output = toOutput(options)
  await printResult({ issues: problems.map(({ finding }) => finding) }, output, () =>
    [
      `${headline(file, problems.length)}\n`,
      ...problems.map(({ source, finding }) => formatFindings([{ finding }], output.terminal, { source, root: [] })),
    ].join("\n"),
  )
}

function headline(what: string, count: number): string {
  return `${what} has ${count} ${count === 1 ? "problem" : "problems"}; nothing was created.`
}

/** A file may say which project it belongs to; the command line goes first. */
export function withFileProject<Options extends GlobalOptions>(
  options: Options,
  documents: readonly FunctionDocument[] | undefined,
): Options {
  const project = options.project ?? documents?.[0]?.project
  return project === undefined ? options : { ...options, project }
}

async function sendObjects({ client, project }: Session, path: string): Promise<void> {
  await client.project(project).objects.set(await readObjects(path))
}

interface Targets {
  readonly target: string | undefined
  readonly options: RunOptions
  readonly documents: readonly FunctionDocument[] | undefined
}

async function planTargets({ target, options, documents }: Targets, session: Session): Promise<Planned[]> {
  const run = parseParameters(options.param ?? [])
  if (documents !== undefined) {
    return Promise.all(documents.map((document) => planDocument(document, run, session)))
  }
  if (options.again !== undefined) return [await planAgain(options.again, session)]
  const fn = await readFunction(session.client, session.project, target ?? "")
  const request = await toRunRequest(session.client, fn, { action: "job", run })
  return [{ request, title: `${fn.name} · job` }]
}

/** A document of a file as a run: its function and task are made first. */
export async function planDocument(
  document: FunctionDocument,
  parameters: JsonObject,
  session: Session,
): Promise<Planned> {
  const { kind, name, action, run, source } = document
  const spec = await withCode(kind, document.spec, dirname(resolve(document.file)))
  const fn = await ensureFunction(session.client, { project: session.project, kind, name, spec })
  const request = await toRunRequest(session.client, fn, { action, run: mergeParameters(run, parameters) })
  return { request, title: `${name} · ${action}`, place: { source, root: ["run"] } }
}

async function planAgain(id: string, { client, project }: Session): Promise<Planned> {
  const before = await client.transport.call("readRun", { params: { project, id } })
  const name = /\/\/[^/]+\/([^:]+)/.exec(String(before.spec.function))?.[1] ?? id
  return { request: { project, kind: before.kind, spec: before.spec }, title: `${name} · again` }
}

/** `--param name=value`: JSON where it is some, else text. */
function parseParameters(pairs: readonly string[]): JsonObject {
  if (pairs.length === 0) return {}
  const parameters = pairs.map((pair) => {
    const at = pair.indexOf("=")
    if (at < 1) throw new BerthError("invalid", `--param takes NAME=VALUE, not ${JSON.stringify(pair)}.`)
    return [pair.slice(0, at), parseValue(pair.slice(at + 1))]
  })
  return { parameters: Object.fromEntries(parameters) }
}

function parseValue(text: string) {
  try {
    return JSON.parse(text)
  } catch {
    // Not JSON: the text itself is meant.
    return text
  }
}

function mergeParameters(run: JsonObject, { parameters }: JsonObject): JsonObject {
  if (!isJsonObject(parameters)) return run
  return { ...run, parameters: { ...(isJsonObject(run.parameters) ? run.parameters : {}), ...parameters } }
}

async function submitOne(planned: Planned, options: RunOptions, session: Session): Promise<number> {
  const strict: Strictness = options.strict === true ? "all" : "keys"
  const fixed =
    options.fix === undefined ? planned : await fixRequest(planned, { ...options, fix: options.fix }, session)
  let entity: RunEntity
  try {
    entity = await submitRun(session.client, fixed.request, strict)
  } catch (error) {
    const refusal = BerthError.from(error)
    if (refusal.issues.length === 0) throw error
    return await refuse(fixed, { refusal, strict, target: options.again ?? fixed.place?.source.file }, session)
  }
  const run = await session.client.project(session.project).runs.get(entity.id)
  return showRun(run, { title: planned.title, follow: options.follow === true }, session)
}

async function fixRequest(planned: Planned, options: RunOptions & { fix: string }, session: Session): Promise<Planned> {
  const numbers = parseFixNumbers(options.fix)
  const findings = await allFindings(planned, options, session)
  const spec = applyFixes(planned.request.spec, findings, numbers)
  for (const { finding, number } of numberFixes(findings)) {
    if (number !== undefined && numbers.includes(number)) {
      session.terminal.note(`applied fix ${number}: ${describeFix(finding.fix ?? [])}`)
    }
  }
  return { ...planned, request: { ...planned.request, spec } }
}

/** What there is to say of a request: with `--again` what the old run's end says comes first. */
async function allFindings(planned: Planned, options: RunOptions, session: Session): Promise<readonly Finding[]> {
  if (options.again !== undefined) {
    const params = { project: session.project, run: options.again }
    return (await session.client.transport.call("explainRun", { params })).findings
  }
  const plan = await planRun(session.client, planned.request, options.strict === true ? "all" : "keys")
  return plan.findings
}

interface Refusal {
  readonly refusal: BerthError
  readonly strict: Strictness
  readonly target: string | undefined
}

/** Everything that is wrong on one screen: what refused the request, and what the plan adds. */
async function refuse(
  { request, place }: Planned,
  { refusal, strict, target }: Refusal,
  session: Session,
): Promise<number> {
  const plan = await planRun(session.client, request, strict)
  const findings = plan.findings.length > 0 ? plan.findings : refusal.issues
  const numbered = numberFixes(findings)
  await printResult({ ...refusal.toBody(), issues: findings }, session, () => {
    const fixes = numbered.flatMap(({ number }) => (number === undefined ? [] : [number]))
    const how =
      target === undefined || fixes.length === 0 ? "" : `\nApply the fixes above with --fix ${fixes.join(",")}`
    const problems = findings.filter(({ severity }) => severity === "error").length
    return `${headline(target ?? "The request", problems || findings.length)}\n\n${formatFindings(numbered, session.terminal, place)}\n${how}`
  })
  return exitCode.usage
}

async function showRun(
  run: Run,
  { title, follow }: { title: string; follow: boolean },
  session: Session,
): Promise<number> {
  const where = session.server === "embedded" ? "local (this machine)" : "server"
  session.terminal.note(session.terminal.paint("bold", `${title} · run ${run.id.slice(0, 8)} · ${where}\n`))
  if (!follow) {
    await printResult(run.entity, session, () => run.id)
    return 0
  }
  const followed = await followRun(run, session)
  session.terminal.note(`${formatEnd(followed.run)}\n`)
  const { results } = followed.run.status
  await printResult(followed.run.entity, session, () => (results === undefined ? "" : JSON.stringify(results, null, 2)))
  return followed.exitCode
}
