import { dirname, resolve } from "node:path"
import { type Entity, type Finding, isJsonObject, type JsonObject } from "@berth/spec"
import { findRun } from "./commands/runs.ts"
import type { FunctionDocument } from "./document.ts"
import { orderFindings, type Place } from "./findings.ts"
import { applyFixes, countFixes, describeFix, numberFixes } from "./fixes.ts"
import type { Session } from "./session.ts"
import {
  ensureFunction,
  planRun,
  type RunRequest,
  readFunction,
  type Strictness,
  toRunRequest,
  withCode,
  withdrawFunction,
} from "./submit.ts"

/** One run to be submitted, and where its findings point. */
export interface Planned {
  readonly request: RunRequest
  readonly title: string
  readonly place?: Place
  /** The function's version that was made for it; taken back when the run is refused. */
  readonly created?: Entity
  /** The run that it repeats. */
  readonly again?: string
}

/** A document of a file as a run: its function and task are made first. */
export async function planDocument(
  document: FunctionDocument,
  parameters: JsonObject,
  session: Session,
): Promise<Planned> {
  const { kind, name, action, run, source } = document
  const spec = await withCode(kind, document.spec, dirname(resolve(document.file)))
  const { fn, isNew } = await ensureFunction(session.client, { project: session.project, kind, name, spec })
  const request = await toRunRequest(session.client, fn, { action, run: mergeParameters(run, parameters) })
  return { request, title: `${name} · ${action}`, place: { source, root: ["run"] }, ...(isNew && { created: fn }) }
}

/** A run of a function that is there already. */
export async function planFunction(
  name: string,
  { action, parameters }: { readonly action: string; readonly parameters: JsonObject },
  session: Session,
): Promise<Planned> {
  const fn = await readFunction(session.client, session.project, name)
  const request = await toRunRequest(session.client, fn, { action, run: mergeParameters({}, parameters) })
  return { request, title: `${fn.name} · ${action}` }
}

/** The same run once more. */
export async function planAgain(id: string, parameters: JsonObject, session: Session): Promise<Planned> {
  const { entity } = await findRun(session, id)
  const name = /\/\/[^/]+\/([^:]+)/.exec(String(entity.spec.function ?? ""))?.[1] ?? entity.id
  const spec = mergeParameters(entity.spec, parameters)
  return { request: { project: session.project, kind: entity.kind, spec }, title: `${name} · again`, again: entity.id }
}

function mergeParameters(run: JsonObject, parameters: JsonObject): JsonObject {
  if (Object.keys(parameters).length === 0) return run
  return { ...run, parameters: { ...(isJsonObject(run.parameters) ? run.parameters : {}), ...parameters } }
}

/** Takes back what was made for runs that are not submitted. */
export async function withdraw(planned: readonly Planned[], session: Session): Promise<void> {
  for (const { created } of planned) if (created !== undefined) await withdrawFunction(session.client, created)
}

/** What there is to say of a request: of one that repeats a run, what that run's end says. */
export async function readFindings(
  { request, again, place }: Planned,
  strict: Strictness,
  session: Session,
): Promise<readonly Finding[]> {
  const plan = await planRun(session.client, request, strict)
  if (!plan.accepted || again === undefined) return orderFindings(plan.findings, place)
  const params = { project: session.project, run: again }
  return (await session.client.transport.call("explainRun", { params })).findings
}

/** The requests with the fixes of these numbers; fixes are numbered through all of them, as they were printed. */
export async function fixRequests(
  planned: readonly Planned[],
  { numbers, strict }: { readonly numbers: readonly number[]; readonly strict: Strictness },
  session: Session,
): Promise<readonly Planned[]> {
  let first = 1
  const fixed: Planned[] = []
  for (const [index, each] of planned.entries()) {
    const findings = await readFindings(each, strict, session)
    const next = first + countFixes(findings)
    const isLast = index === planned.length - 1
    const own = numbers.filter((number) => number >= first && (number < next || isLast))
    const spec = applyFixes(each.request.spec, numberFixes(findings, first), own)
    for (const { finding, number } of numberFixes(findings, first)) {
      if (number === undefined || !own.includes(number)) continue
      session.terminal.note(`applied fix ${number}: ${describeFix(finding.fix ?? [])}`)
    }
    fixed.push({ ...each, request: { ...each.request, spec } })
    first = next
  }
  return fixed
}
