import { setTimeout as sleep } from "node:timers/promises"
import type { Run } from "@berth/sdk"
import { BerthError, didYouMean, formatDuration, isAtRest, type RunEntity, type RunState, runStates } from "@berth/spec"
import { formatFindings } from "../findings.ts"
import { numberFixes } from "../fixes.ts"
import { followRun } from "../follow.ts"
import { formatJson } from "../json-text.ts"
import { printResult } from "../output.ts"
import { formatResolved } from "../resolved-table.ts"
import type { Session } from "../session.ts"
import { withSpinner } from "../spinner.ts"
import { formatStanding } from "../standing.ts"
import { formatTable } from "../table.ts"
import { writeTo } from "../terminal.ts"

/** A run by its id or by the beginning of it. @throws BerthError `not_found`, or `invalid` when several begin so */
export async function findRun({ client, project }: Session, id: string): Promise<Run> {
  const { runs } = client.project(project)
  try {
    return await runs.get(id)
  } catch (error) {
    if (BerthError.from(error).code !== "not_found") throw error
  }
  const matches: Run[] = []
  for await (const run of runs.list({ q: id })) {
    if (run.id.startsWith(id)) matches.push(run)
    if (matches.length > 1) break
  }
  const [only, second] = matches
  if (only === undefined)
    throw new BerthError(
      "not_found",
      `There is no run ${id} in project ${project}. berth list shows the runs there are.`,
    )
  if (second !== undefined) throw new BerthError("invalid", `Several runs begin with ${id}: ${only.id}, ${second.id} …`)
  return only
}

/** `berth list`: the newest runs first. */
export async function listRuns(session: Session, { state, limit }: { state?: string; limit: number }): Promise<void> {
  const runs: Run[] = []
  const filter = state === undefined ? {} : { state: parseState(state) }
  for await (const run of session.client.project(session.project).runs.list(filter)) {
    if (runs.push(run) >= limit) break
  }
  await printResult(
    runs.map(({ entity }) => entity),
    session,
    () =>
      runs.length === 0
        ? noRuns(session, state)
        : formatTable(
            runs,
            [
              { title: "RUN", cell: (run) => run.id.slice(0, 12) },
              { title: "FUNCTION", cell: (run) => functionName(run.entity) },
              { title: "KIND", cell: (run) => run.entity.kind.replace(/:run$/, "") },
              { title: "STATE", cell: (run) => session.terminal.paint(stateColour(run.state), run.state) },
              { title: "AGE", cell: (run) => formatAge(run.entity.metadata.created) },
              { title: "WHY", cell: (run) => run.status.message ?? "" },
            ],
            session.terminal,
          ),
  )
}

/** @throws BerthError `invalid` with the states there are */
function parseState(text: string): RunState {
  const wanted = text.toUpperCase()
  const state = runStates.find((known) => known === wanted)
  if (state !== undefined) return state
  const meant = didYouMean(wanted, runStates)
  const hint = meant === undefined ? "" : ` Did you mean ${meant}?`
  throw new BerthError(
    "invalid",
    `There is no state ${JSON.stringify(text)}.${hint} There are: ${runStates.join(", ")}.`,
  )
}

function noRuns({ project }: Session, state: string | undefined): string {
  if (state !== undefined) return `No run in project ${project} is ${state.toUpperCase()}.`
  return `No runs in project ${project} yet. Start one: berth run FILE --follow`
}

/** Whole seconds: nobody reads the milliseconds of a past. */
function formatAge(since: string): string {
  return formatDuration(Math.max(0, Math.floor((Date.now() - Date.parse(since)) / 1000)) * 1000)
}

function stateColour(state: string): "green" | "red" | "yellow" | "cyan" {
  if (state === "COMPLETED") return "green"
  if (state === "ERROR") return "red"
  return state === "RUNNING" ? "cyan" : "yellow"
}

function functionName({ spec }: RunEntity): string {
  return /\/\/[^/]+\/([^:]+)/.exec(String(spec.function ?? spec.task))?.[1] ?? ""
}

/** `berth get RUN`: everything about one run. */
export async function getRun(session: Session, id: string): Promise<void> {
  const run = await findRun(session, id)
  await printResult(run.entity, session, () => {
    const { terminal } = session
    const { resolved, results } = run.status
    return [
      `${terminal.paint("bold", `${functionName(run.entity)} · ${run.entity.kind.replace(/:run$/, "")} · run ${run.id}`)}\n${formatStanding(run, Date.now())}`,
      resolved === undefined ? "" : formatResolved(resolved, terminal),
      formatFindings(numberFixes(run.findings), terminal),
      results === undefined ? "" : formatJson(results),
    ]
      .filter((part) => part !== "")
      .join("\n\n")
  })
}

export interface LogsOptions {
  readonly follow?: boolean
  readonly tail?: number
  readonly attempt?: number
  readonly container?: string
  readonly since?: string
}

/** `berth logs RUN`: what the program wrote, nothing else, on standard output. */
export async function printLogs(session: Session, id: string, options: LogsOptions): Promise<void> {
  const run = await findRun(session, id)
  for await (const line of run.logs(options)) {
    if (session.format === "json") session.terminal.out(JSON.stringify(line))
    else writeTo(process.stdout, line.text)
  }
}

/** `berth stop RUN`: asks, and waits until it has stopped. */
export async function stopRun(session: Session, id: string): Promise<number> {
  const run = await findRun(session, id)
  const asked = await run.stop()
  const ended = await withSpinner(session, "It was asked to end; what ignores that is killed after its grace", () =>
    asked.wait(),
  )
  await printResult(ended.entity, session, () => `${ended.id} ${ended.state}`)
  return 0
}

/** `berth resume RUN`. */
export async function resumeRun(session: Session, id: string, follow: boolean): Promise<number> {
  const before = await findRun(session, id)
  if (before.state !== "STOPPED") {
    throw new BerthError("conflict", `Run ${before.id.slice(0, 8)} is ${before.state}: only what is STOPPED can go on.`)
  }
  const run = await before.resume()
  if (follow) return (await followRun(run, session)).exitCode
  await printResult(run.entity, session, () => `${run.id} goes on.`)
  return 0
}

/** `berth delete RUN`: ends it if need be, and waits until nothing of it is left. */
export async function deleteRun(session: Session, id: string): Promise<void> {
  const run = await findRun(session, id)
  await run.delete()
  await withSpinner(session, "Ending what runs, and removing it", () => waitUntilGone(run))
  await printResult({ id: run.id, state: "DELETED" }, session, () => `${run.id} DELETED`)
}

const goneMilliseconds = 60_000

/** @throws BerthError `timeout` when it is still there after a minute */
async function waitUntilGone(run: Run): Promise<void> {
  const deadline = performance.now() + goneMilliseconds
  for (let pause = 20; performance.now() < deadline; pause = Math.min(500, pause * 2)) {
    try {
      await run.refresh()
    } catch (error) {
      if (BerthError.from(error).code === "not_found") return
      throw error
    }
    await sleep(pause)
  }
  throw new BerthError(
    "timeout",
    `Run ${run.id} is still being deleted after a minute. berth explain ${run.id} says why.`,
  )
}

/** `berth explain RUN`: why it is where it is, and what to do. */
export async function explainRun(session: Session, id: string): Promise<void> {
  const run = await findRun(session, id)
  const explained = await run.explain()
  await printResult(explained, session, () => {
    const numbered = numberFixes(explained.findings)
    const fixes = numbered.flatMap(({ number }) => (number === undefined ? [] : [number]))
    return [
      formatStanding(run, Date.now()),
      "",
      numbered.length === 0 ? `  ${nothingToSay(run.state)}` : formatFindings(numbered, session.terminal),
      ...nextSteps(run, fixes),
    ].join("\n")
  })
}

function nothingToSay(state: RunState): string {
  if (state === "RUNNING") return "It runs. Nothing stands in its way."
  return isAtRest(state) ? "There is nothing to do." : "It is about to start. Nothing stands in its way."
}

/** What one would type next. */
function nextSteps(run: Run, fixes: readonly number[]): readonly string[] {
  const id = run.id.slice(0, 8)
  const again = isAtRest(run.state)
    ? "Run it again with a fix"
    : "It starts by itself once nothing stands in its way. Or run it with a fix"
  if (fixes.length > 0) return ["", `${again}: berth run --again ${id} --fix ${fixes.join(",")}`]
  if (run.state === "PENDING")
    return ["", `It starts by itself once nothing stands in its way. Watch it: berth logs ${id} --follow`]
  if (run.state === "ERROR") return ["", `Its log: berth logs ${id}    Once more: berth run --again ${id}`]
  return []
}
