import type { Run } from "@berth/sdk"
import {
  type Finding,
  formatBytes,
  isAtRest,
  type LogLine,
  parseQuantity,
  type RunState,
  type RunTransition,
  toUnits,
} from "@berth/spec"
import { exitCode } from "./exit-code.ts"
import { formatFindings, type Place } from "./findings.ts"
import { numberFixes } from "./fixes.ts"
import { formatMilliseconds } from "./numbers.ts"
import { formatResolved } from "./resolved-table.ts"
import { createScreen } from "./screen.ts"
import type { Session } from "./session.ts"

/** A run that was followed to its end, and what the command ends with. */
export interface Followed {
  readonly run: Run
  readonly exitCode: number
}

/**
 * Shows a run until it moves no further: what it became, its states, its log as it is written, how it ended.
 * What stands in the file that it came from is shown at its place. The first Ctrl-C stops the run and goes on waiting, the second leaves it alone and returns.
 */
export async function followRun(started: Run, session: Session, place?: Place): Promise<Followed> {
  const leave = new AbortController()
  const interrupts = handleInterrupts(started, session, leave)
  const view = createView(session, place)
  try {
    view.show(started)
    const logs = copyLogs(started, view, leave.signal)
    // The end is shown once the whole log is.
    const onUpdate = (run: Run) => void (isAtRest(run.state) || view.show(run))
    const ended = await started.wait({ signal: leave.signal, onUpdate })
    await logs
    view.show(ended)
    return { run: ended, exitCode: exitCodeOfRun(ended) }
  } catch (error) {
    if (!leave.signal.aborted) throw error
    return { run: started, exitCode: exitCode.interrupted }
  } finally {
    view.end()
    interrupts.end()
  }
}

/** 0 for a run that completed or is at rest as it was asked to be. */
export function exitCodeOfRun({ state }: Run): number {
  if (state === "ERROR") return exitCode.runFailed
  return state === "STOPPED" || state === "DELETED" ? exitCode.runStopped : 0
}

async function copyLogs(run: Run, view: View, signal: AbortSignal): Promise<void> {
  try {
    for await (const line of run.logs({ follow: true, signal })) view.log(line)
  } catch (error) {
    if (!signal.aborted) throw error
  }
}

function handleInterrupts(run: Run, { terminal }: Session, leave: AbortController): { end(): void } {
  let asked = false
  const onInterrupt = () => {
    if (asked) return leave.abort()
    asked = true
    terminal.note("\nStopping the run … Ctrl-C again leaves it to itself.")
    run.stop({ signal: leave.signal }).catch((error: unknown) => {
      terminal.note(`The run could not be stopped: ${error instanceof Error ? error.message : String(error)}`)
    })
  }
  process.on("SIGINT", onInterrupt)
  return { end: () => process.removeListener("SIGINT", onInterrupt) }
}

interface View {
  show(run: Run): void
  /** Shown once the attempt that wrote it is known to run: the log can be quicker than the state. */
  log(line: LogLine): void
  end(): void
}

/** What of a run was printed already, so that each thing is printed once. */
function createView(session: Session, place: Place | undefined): View {
  const { terminal } = session
  const screen = createScreen(terminal)
  const { print } = screen
  const seen = { resolved: false, states: 0, findings: new Set<string>(), lines: new Set<string>(), service: "" }
  /** Attempts that are known to have started; all of them once the run is at rest. */
  let started = 0
  let held: LogLine[] = []
  function showResolved(run: Run): void {
    const { resolved } = run.status
    if (seen.resolved || resolved === undefined || (resolved.parity === undefined && !isAtRest(run.state))) return
    seen.resolved = true
    const text = formatResolved(resolved, terminal)
    if (text !== "") print(`${text}\n`)
  }

  function showStates(transitions: readonly RunTransition[]): void {
    const oldestFirst = transitions.toReversed()
    for (const [i, transition] of oldestFirst.entries()) {
      const before = oldestFirst[i - 1]
      if (i < seen.states || before === undefined || !isNews(transition.status)) continue
      const passed = formatMilliseconds(Date.parse(transition.time) - Date.parse(before.time))
      print(terminal.paint("dim", `  ${before.status} → ${transition.status} after ${passed}`))
    }
    seen.states = oldestFirst.length
  }

  /** What a run ended with comes last, also when an earlier attempt had said it; a log is not quoted to its reader. */
  function showFindings({ findings, state }: Run): void {
    const fresh = numberFixes(findings).flatMap((numbered) => {
      const { finding } = numbered
      const key = `${finding.code} ${finding.message}`
      if (seen.findings.has(key) || (finding.severity === "error" && !isAtRest(state))) return []
      seen.findings.add(key)
      return [{ ...numbered, finding: withoutEvidence(finding, seen.lines) }]
    })
    if (fresh.length > 0) print(formatFindings(fresh, terminal, place))
  }

  function showService({ status, state }: Run): void {
    const url = state === "RUNNING" ? (status.service?.url ?? "") : ""
    if (url !== "" && url !== seen.service) print(`  answers at ${terminal.paint("bold", `http://${url}`)}`)
    seen.service = url
  }

  function showLine({ text }: LogLine): void {
    seen.lines.add(screen.log(text).trimEnd())
  }

  function showHeld(): void {
    const lines = held.filter(({ attempt }) => attempt <= started)
    held = held.filter(({ attempt }) => attempt > started)
    for (const line of lines) showLine(line)
  }

  return {
    show(run) {
      // The table needs what the first attempt reports; what happened before it is told under it.
      showResolved(run)
      const transitions = run.status.transitions ?? []
      const isOver = isAtRest(run.state)
      if (seen.resolved && !isOver) showFindings(run)
      if (seen.resolved) showStates(transitions)
      started = isOver ? Number.POSITIVE_INFINITY : transitions.filter(({ status }) => status === "RUNNING").length
      showHeld()
      showService(run)
      if (isOver) showFindings(run)
      screen.wait(isOver ? undefined : `${run.state} …`)
    },
    log(line) {
      if (line.attempt <= started) showLine(line)
      else held.push(line)
    },
    end: () => screen.end(),
  }
}

/** That a run was taken in says nothing; how it ended is said in full below. */
function isNews(state: RunState): boolean {
  return !isAtRest(state) && state !== "BUILT" && state !== "DELETED" && state !== "PENDING"
}

function withoutEvidence(finding: Finding, logged: ReadonlySet<string>): Finding {
  const { evidence, ...rest } = finding
  const isLogged = evidence?.every((text) =>
    text
      .trimEnd()
      .split("\n")
      .every((line) => logged.has(line.trimEnd())),
  )
  return isLogged === true ? (rest as Finding) : finding
}

/** `  COMPLETED in 0.6 s   peak memory 48 MiB of 256 MiB`. */
export function formatEnd(run: Run): string {
  const attempts = run.status.attempts ?? []
  const last = attempts.at(-1)
  const ended = Date.parse(last?.finishedAt ?? run.entity.metadata.updated)
  return [
    `  ${run.state} in ${formatMilliseconds(ended - Date.parse(run.entity.metadata.created))}`,
    ...peakText(run),
    ...(attempts.length > 1 ? [`attempt ${attempts.length} of ${attempts.length}`] : []),
  ].join("   ")
}

/** `peak memory 48 MiB of 256 MiB`, as far as it was measured. */
function peakText({ status }: Run): readonly string[] {
  const peak = status.attempts?.at(-1)?.peakMemoryBytes
  if (peak === undefined) return []
  const limit = (status.resolved?.requirements.resources as { mem?: { limits?: string } } | undefined)?.mem?.limits
  const quantity = limit === undefined ? undefined : parseQuantity(limit)
  const of = quantity === undefined ? "" : ` of ${formatBytes(toUnits(quantity))}`
  return [`peak memory ${formatBytes(peak)}${of}`]
}
