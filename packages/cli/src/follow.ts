import type { Run } from "@berth/sdk"
import { formatBytes, isAtRest, type RunTransition } from "@berth/spec"
import { exitCode } from "./exit-code.ts"
import { formatFindings } from "./findings.ts"
import { type NumberedFinding, numberFixes } from "./fixes.ts"
import { formatMilliseconds } from "./numbers.ts"
import { formatResolved } from "./resolved-table.ts"
import type { Session } from "./session.ts"
import { createSpinner } from "./spinner.ts"

/** A run that was followed to its end, and what the command ends with. */
export interface Followed {
  readonly run: Run
  readonly exitCode: number
}

/**
 * Shows a run until it moves no further: what it became, its states, its log as it is written, how it ended.
 * The first Ctrl-C stops the run and goes on waiting, the second leaves it alone and returns.
 */
export async function followRun(started: Run, session: Session): Promise<Followed> {
  const leave = new AbortController()
  const interrupts = handleInterrupts(started, session, leave)
  const view = createView(session)
  try {
    view.show(started)
    const logs = copyLogs(started, view, leave.signal)
    const ended = await started.wait({ signal: leave.signal, onUpdate: view.show })
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
    for await (const line of run.logs({ follow: true, signal })) view.log(line.text)
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
  log(text: string): void
  end(): void
}

/** What of a run was printed already, so that each thing is printed once. */
function createView(session: Session): View {
  const { terminal } = session
  const spinner = createSpinner(terminal)
  const seen = { resolved: false, states: 0, findings: new Set<string>() }
  const print = (text: string) => {
    spinner.clear()
    terminal.note(text)
  }

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
      if (i < seen.states || transition.status === "DELETED") continue
      const before = oldestFirst[i - 1]
      if (before !== undefined && !isAtRest(transition.status) && transition.status !== "BUILT") {
        const passed = formatMilliseconds(Date.parse(transition.time) - Date.parse(before.time))
        print(terminal.paint("dim", `  ${before.status} → ${transition.status} after ${passed}`))
      }
    }
    seen.states = oldestFirst.length
  }

  function showFindings(findings: readonly NumberedFinding[]): void {
    const fresh = findings.filter(({ finding }) => !seen.findings.has(`${finding.code} ${finding.message}`))
    for (const { finding } of fresh) seen.findings.add(`${finding.code} ${finding.message}`)
    if (fresh.length > 0) print(formatFindings(fresh, terminal))
  }

  return {
    show(run) {
      showResolved(run)
      showStates(run.status.transitions ?? [])
      showFindings(numberFixes(run.findings))
      spinner.set(isAtRest(run.state) ? undefined : `${run.state} …`)
    },
    log(text) {
      spinner.clear()
      terminal.note(`${terminal.paint("dim", "│")} ${text.replace(/\n$/, "")}`)
    },
    end: () => spinner.end(),
  }
}

/** `COMPLETED in 0.6 s   peak memory 48 MiB of 256 MiB`. */
export function formatEnd(run: Run): string {
  const attempts = run.status.attempts ?? []
  const last = attempts.at(-1)
  const began = Date.parse(run.entity.metadata.created)
  const ended = Date.parse(last?.finishedAt ?? run.entity.metadata.updated)
  const peak = last?.peakMemoryBytes
  const limit = run.status.resolved?.requirements.resources
  return [
    `  ${run.state} in ${formatMilliseconds(ended - began)}`,
    ...(peak === undefined ? [] : [`peak memory ${formatBytes(peak)}${limitText(limit)}`]),
    ...(attempts.length > 1 ? [`attempt ${attempts.length}`] : []),
  ].join("   ")
}

function limitText(resources: unknown): string {
  const mem = (resources as { mem?: { limits?: string } } | undefined)?.mem?.limits
  return mem === undefined ? "" : ` of ${mem}`
}
