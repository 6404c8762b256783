import { BerthError, createFinding, type Finding, type Parity, type PlanResult, type Verdict } from "@berth/spec"
import { attemptUid } from "../names.ts"
import type { RunRow } from "../store/store.ts"
import type { Principal } from "./auth.ts"
import type { AppDeps } from "./deps.ts"
import { checkBodyProject, createMetadata, duplicate } from "./envelope.ts"
import { type Prepared, prepareRun, type RunRequest } from "./prepare.ts"
import { functionReference } from "./reference.ts"
import { toResolved } from "./run-answer.ts"
import { taskRefOf } from "./run-target.ts"

/** How long a plan may take. */
const planTimeoutMs = 10_000

/**
 * Takes a request whole or not at all: everything is checked before the one write, and the reconciler is woken after.
 *
 * @throws BerthError `invalid` or `forbidden` with every problem at its path; `conflict` for an id that is taken
 */
export async function submitRun(deps: AppDeps, request: RunRequest, principal: Principal): Promise<RunRow> {
  checkBodyProject(request.project.name, request.body)
  const prepared = await prepareRun(deps, request)
  refuse(prepared.findings.filter((finding) => isRefusal(finding, request)))
  if (request.strict === "all") await refuseBelowParity(deps, prepared)
  const row = toRow(request, prepared, principal)
  if (!(await deps.store.runs.insert(row))) throw duplicate("run", row.id)
  if (!row.clientExecuted) deps.wake(row.project, row.id)
  return row
}

function isRefusal(finding: Finding, { strict }: RunRequest): boolean {
  return finding.severity === "error" || (finding.severity === "warning" && strict === "all")
}

/** Policy alone is 403; together with mistakes it is a mistake. */
function refuse(issues: readonly Finding[]): void {
  const [first] = issues
  if (first === undefined) return
  const code = issues.every((issue) => issue.class === "policy") ? "forbidden" : "invalid"
  const more = issues.length > 1 ? ` (and ${issues.length - 1} more)` : ""
  throw new BerthError(code, `${first.message}${more}`, { issues })
}

async function refuseBelowParity(deps: AppDeps, prepared: Prepared): Promise<void> {
  const verdict = await askExecutor(deps, prepared)
  refuse((verdict?.parity ?? []).flatMap((entry) => belowParity(entry, prepared)))
}

function belowParity({ path, level, how }: Parity, prepared: Prepared): readonly Finding[] {
  if (level === "enforced") return []
  const origin = prepared.resolved.provenance[path]
  return [createFinding("parity.below", { path, level, how }, { path: origin?.path })]
}

/** What the executor says of the first attempt; undefined for a run that it never sees. */
async function askExecutor(deps: AppDeps, { built }: Prepared): Promise<Verdict | undefined> {
  if (built === undefined) return undefined
  const { project, run } = built.attempt
  const attempt = { ...built.attempt, uid: attemptUid(project, run, 1), number: 1 }
  return deps.plan(attempt, { signal: AbortSignal.timeout(planTimeoutMs) })
}

function toRow(request: RunRequest, prepared: Prepared, principal: Principal): RunRow {
  const { body, id, at, project } = request
  const { target, clientExecuted, built } = prepared
  const name = body.name ?? id
  return {
    project: project.name,
    id,
    name,
    kind: body.kind,
    user: principal.name,
    taskRef: taskRefOf(target),
    functionRef: target.function === undefined ? "" : functionReference(target.function),
    action: target.action ?? "",
    metadata: createMetadata({ sent: body.metadata, project: project.name, name, user: principal.name, at }),
    spec: prepared.spec,
    ...(body.extensions !== undefined && { extensions: body.extensions }),
    clientExecuted,
    desired: "run",
    state: clientExecuted ? "CREATED" : "READY",
    findings: prepared.findings,
    ...(built !== undefined && { built: { ...built, findings: prepared.findings } }),
    status: {},
    created: at,
    updated: at,
    revision: 0,
  }
}

/** What POST of the same body would do; the valid part of a refused request is planned as well. */
export async function planRun(deps: AppDeps, request: RunRequest): Promise<PlanResult> {
  checkBodyProject(request.project.name, request.body)
  const prepared = await prepareRun(deps, request)
  const verdict = await askExecutor(deps, { ...prepared, built: prepared.built ?? toFitOnly(request, prepared) })
  const parity = verdict?.parity ?? []
  const below = request.strict === "all" ? parity.flatMap((entry) => belowParity(entry, prepared)) : []
  const fit = (verdict?.findings ?? []).filter((finding) => !prepared.findings.some((said) => isSame(said, finding)))
  const findings = [...prepared.findings, ...below, ...fit]
  const refusals = [...prepared.findings.filter((finding) => isRefusal(finding, request)), ...below]
  return {
    accepted: refusals.length === 0,
    verdict: verdict?.verdict ?? "unknown",
    findings,
    fixes: verdict?.fixes ?? [],
    parity,
    resolved: toResolved(prepared.resolved, parity),
  }
}

/** Whether the executor says again what the request was refused for: a secret that is not there has no value either. */
function isSame(said: Finding, finding: Finding): boolean {
  const names = [said, finding].map(({ data }) => (data as { readonly name?: unknown }).name)
  return finding.code === "secret.unset" && said.code.startsWith("secret.") && names[0] === names[1]
}

/** Stands in for a program that could not be read: whether it fits does not depend on it. */
function toFitOnly(request: RunRequest, { target, resolved }: Prepared): Prepared["built"] {
  const { requirements, provenance } = resolved
  const attempt = {
    project: request.project.name,
    run: request.id,
    function: { name: target.function?.name ?? "", id: target.function?.id ?? "", kind: target.kind },
    action: target.action ?? "job",
    program: { kind: "container", args: [] },
    requirements,
    provenance,
    inputs: {},
    parameters: {},
    queuedAt: request.at,
  } as const
  return { attempt, requirements, provenance, findings: [] }
}
