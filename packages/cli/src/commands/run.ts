import { readFile, stat } from "node:fs/promises"
import { join } from "node:path"
import type { Run } from "@berth/sdk"
import { BerthError, type JsonObject, type RunEntity } from "@berth/spec"
import { type FileFinding, type FunctionDocument, readDocuments } from "../document.ts"
import type { SelfCommand } from "../embedded.ts"
import { exitCode } from "../exit-code.ts"
import { formatFindings, orderFindings, type Place } from "../findings.ts"
import { numberFixes, parseFixNumbers } from "../fixes.ts"
import { followRun, formatEnd } from "../follow.ts"
import { formatJson } from "../json-text.ts"
import { readObjects } from "../objects.ts"
import { printResult, toOutput } from "../output.ts"
import { fixRequests, type Planned, planAgain, planDocument, planFunction, withdraw } from "../planned.ts"
import { headline, printRefusal } from "../refusal.ts"
import { type GlobalOptions, openSession, type Session } from "../session.ts"
import { planRun, type Strictness, submitRun } from "../submit.ts"

export interface RunOptions extends GlobalOptions {
  readonly follow?: boolean
  readonly strict?: boolean
  /** Numbers per round: later ones count in what the rounds before left. */
  readonly fix?: readonly string[]
  readonly objects?: string
  readonly again?: string
  readonly action?: string
  readonly param?: readonly string[]
}

/** `berth run FILE|NAME`, `berth run --again RUN`. Gives the exit status. */
export async function runCommand(target: string | undefined, options: RunOptions, self: SelfCommand): Promise<number> {
  if ((target === undefined) === (options.again === undefined)) {
    throw new BerthError("invalid", "Say what to run: a file, the name of a function, or --again with a run.")
  }
  const rounds = (options.fix ?? []).map(parseFixNumbers)
  const documents = target !== undefined && (await isFile(target)) ? await readFunctions(target, options) : undefined
  if (documents === "refused") return exitCode.usage
  const session = await openSession(withFileProject(options, documents), self)
  await session.client.projects.ensure(session.project)
  if (options.objects !== undefined) await sendObjects(session, options.objects)
  const strict: Strictness = options.strict === true ? "all" : "keys"
  const planned = await planTargets({ target, options, documents }, session)
  const fixed = await fixOrWithdraw(planned, { rounds, strict }, session)
  const what = target ?? `--again ${options.again}`
  const command = ["berth run", what, ...(options.fix ?? []).map((numbers) => `--fix ${numbers}`)].join(" ")
  return submitAll(fixed, { strict, follow: options.follow === true, target: what, command }, session)
}

async function isFile(target: string): Promise<boolean> {
  const found = await stat(target).catch(() => undefined)
  if (found?.isDirectory() === true && /[./]/.test(target)) {
    throw new BerthError("invalid", `${target} is a folder. Name the file in it, as in ${join(target, "berth.yaml")}.`)
  }
  if (found !== undefined && !found.isDirectory()) return true
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
  if (documents.length === 0) {
    const example = "kind: container, name: hello, command: [echo, hello]"
    throw new BerthError("invalid", `${file} holds no function. The least it takes, one a line: ${example}.`)
  }
  return documents
}

async function printProblems(file: string, problems: readonly FileFinding[], options: GlobalOptions): Promise<void> {
  const output = toOutput(options)
  const issues = problems.map(({ finding }) => finding)
  const message = headline(file, issues)
  await printResult(new BerthError("invalid", message, { issues }).toBody(), output, () =>
    [
      `${message}\n`,
      ...[...Map.groupBy(problems, ({ source }) => source)].map(([source, own]) => {
        const place = { source, root: [] }
        const findings = orderFindings(
          own.map(({ finding }) => finding),
          place,
        )
        return formatFindings(
          findings.map((finding) => ({ finding })),
          output.terminal,
          place,
        )
      }),
    ].join("\n"),
  )
}

/** A file may say which project it belongs to; the command line goes first. */
export function withFileProject<Options extends GlobalOptions>(
  options: Options,
  documents: readonly FunctionDocument[] | undefined,
): Options {
  const project = options.project ?? documents?.[0]?.project
  const other = documents?.find((document) => document.project !== undefined && document.project !== project)
  if (options.project === undefined && other !== undefined) {
    throw new BerthError("invalid", `${other.file} names the projects ${project} and ${other.project}. Split the file.`)
  }
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

async function planTargets({ target, options, documents }: Targets, session: Session): Promise<readonly Planned[]> {
  const parameters = parseParameters(options.param ?? [])
  if (options.again !== undefined) return [await planAgain(options.again, parameters, session)]
  if (documents === undefined) {
    return [await planFunction(target ?? "", { action: options.action ?? "job", parameters }, session)]
  }
  const planned: Planned[] = []
  for (const document of documents) planned.push(await planDocument(document, parameters, session))
  return planned
}

/** `--param name=value`: JSON where it is some, else text. */
function parseParameters(pairs: readonly string[]): JsonObject {
  const parameters = pairs.map((pair) => {
    const at = pair.indexOf("=")
    if (at < 1) throw new BerthError("invalid", `--param takes NAME=VALUE, not ${JSON.stringify(pair)}.`)
    return [pair.slice(0, at), parseValue(pair.slice(at + 1))] as const
  })
  return Object.fromEntries(parameters)
}

function parseValue(text: string) {
  try {
    return JSON.parse(text)
  } catch {
    // Not JSON: the text itself is meant.
    return text
  }
}

async function fixOrWithdraw(
  planned: readonly Planned[],
  { rounds, strict }: { readonly rounds: readonly (readonly number[])[]; readonly strict: Strictness },
  session: Session,
): Promise<readonly Planned[]> {
  let fixed = planned
  try {
    for (const numbers of rounds) fixed = await fixRequests(fixed, { numbers, strict }, session)
    return fixed
  } catch (error) {
    await withdraw(planned, session)
    throw error
  }
}

interface Submitting {
  readonly strict: Strictness
  readonly follow: boolean
  /** As the user named it. */
  readonly target: string
  /** What was typed, for the next one to be typed. */
  readonly command: string
}

/** Submits every run, or none of them when one would be refused. */
async function submitAll(planned: readonly Planned[], options: Submitting, session: Session): Promise<number> {
  if (planned.length > 1 && (await refuseTogether(planned, options, session))) return exitCode.usage
  let status = 0
  for (const each of planned) {
    status = await submitOne(each, options, session)
    if (status !== 0) break
  }
  return status
}

async function refuseTogether(
  planned: readonly Planned[],
  { strict, target, command }: Submitting,
  session: Session,
): Promise<boolean> {
  const plans = await Promise.all(
    planned.map(async (each) => ({ planned: each, plan: await planRun(session.client, each.request, strict) })),
  )
  if (plans.every(({ plan }) => plan.accepted)) return false
  const refused = plans.map((each) => ({
    planned: each.planned,
    findings: orderFindings(each.plan.findings, each.planned.place),
  }))
  await printRefusal(refused, { what: target, command }, session)
  return true
}

async function submitOne(planned: Planned, options: Submitting, session: Session): Promise<number> {
  let entity: RunEntity
  try {
    entity = await submitRun(session.client, planned.request, options.strict)
  } catch (error) {
    const refusal = BerthError.from(error)
    if (refusal.issues.length === 0) throw error
    const plan = await planRun(session.client, planned.request, options.strict)
    const findings = orderFindings(plan.accepted ? refusal.issues : plan.findings, planned.place)
    await printRefusal([{ planned, findings }], { what: options.target, command: options.command }, session)
    return exitCode.usage
  }
  const run = await session.client.project(session.project).runs.get(entity.id)
  return showRun(run, { planned, follow: options.follow }, session)
}

async function showRun(
  run: Run,
  { planned, follow }: { readonly planned: Planned; readonly follow: boolean },
  session: Session,
): Promise<number> {
  const { title, place } = planned
  const where = session.server === "embedded" ? "local (this machine)" : "server"
  session.terminal.note(session.terminal.paint("bold", `${title} · run ${run.id.slice(0, 8)} · ${where}\n`))
  if (!follow) {
    sayWhatIsNext(run, place, session)
    await printResult(run.entity, session, () => run.id)
    return 0
  }
  const followed = await followRun(run, session, place)
  const short = run.id.slice(0, 8)
  const isLeft = followed.exitCode === exitCode.interrupted
  session.terminal.note(isLeft ? `  Left to itself: berth get ${short}` : `${formatEnd(followed.run)}\n`)
  const { results } = followed.run.status
  await printResult(followed.run.entity, session, () => (results === undefined ? "" : formatJson(results)))
  return followed.exitCode
}

/** Nobody watches: what there is to say already, and how to go on. */
function sayWhatIsNext({ id, findings }: Run, place: Place | undefined, { terminal }: Session): void {
  if (findings.length > 0) terminal.note(`${formatFindings(numberFixes(findings), terminal, place)}\n`)
  const short = id.slice(0, 8)
  terminal.note(`  Watch it: berth logs ${short} --follow    Why it waits: berth explain ${short}\n`)
}
