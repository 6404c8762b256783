import {
  createFinding,
  type EndCause,
  type ExitContext,
  exitFinding,
  type Finding,
  type JsonObject,
  type RunnerResult,
  type RunState,
} from "@berth/spec"
import type { AttemptRow } from "../store/store.ts"
import { writtenCause } from "./deadline.ts"
import type { Decision, EndedObservation, View } from "./decision.ts"
import { reasonsOf, withFacts } from "./facts.ts"
import { type FailureClass, failureClass, hasBudget } from "./failure.ts"
import { parseRunnerResult, toResults } from "./result.ts"
import { runFindings } from "./run-findings.ts"

/** What an ended attempt means for its run: an outcome, or one more attempt. One write either way. */
export function conclude(view: View, current: AttemptRow, observed: EndedObservation): Decision {
  const { row, context } = view
  const result = parseRunnerResult(observed.exit.result)
  const finding = endFinding(view, { current, observed, result })
  const ended: AttemptRow = {
    ...withFacts(current, withoutResult(observed)),
    ended: context.now,
    findings: [...(finding === undefined ? [] : [finding]), ...(context.logFindings ?? [])],
  }
  const attempts = [...view.attempts.filter(({ uid }) => uid !== current.uid), ended]
  const started = row.started ?? ended.started
  const set = {
    ...(started !== undefined && { started }),
    ...(followed(view, current, { finding, observed })
      ? betweenAttempts(view, attempts, finding)
      : outcome(view, attempts, { finding, observed, result })),
  }
  return { actions: [], set, attempts: [ended], wakeAt: Date.parse(context.now) }
}

/** The result is kept once, with the run. */
function withoutResult(observed: EndedObservation): EndedObservation {
  const { result: _, ...exit } = observed.exit
  return { ...observed, exit }
}

interface End {
  readonly current: AttemptRow
  readonly observed: EndedObservation
  readonly result: RunnerResult | undefined
}

function endFinding({ row, context }: View, { current, observed, result }: End): Finding | undefined {
  const cause = endCause(current, observed)
  const facts: ExitContext = {
    requirements: current.attempt.requirements,
    provenance: current.attempt.provenance,
    ...(cause !== undefined && { cause }),
    ...(result !== undefined && { result }),
    ...(context.logTail !== undefined && { logTail: context.logTail }),
    ...(observed.node !== undefined && { node: observed.node }),
  }
  const finding = exitFinding(observed.exit, facts)
  if (finding !== undefined || row.action === "job") return finding
  return createFinding("service.exited", {})
}

/** A timeout is the cause only if the program did not end by itself before the stop reached it. */
function endCause(current: AttemptRow, observed: EndedObservation): EndCause | undefined {
  return observed.exit.reason === "stopped" ? writtenCause(current) : undefined
}

function isStopping({ row }: View): boolean {
  return row.desired === "stop" || row.state === "STOP"
}

interface Failure {
  readonly finding: Finding | undefined
  readonly observed: EndedObservation
}

/** Whether the failure's budget would pay for one more attempt. */
function isPayable(view: View, current: AttemptRow, { finding, observed }: Failure): boolean {
  if (finding === undefined) return false
  const failure = failureClass(observed.exit)
  if (failure === undefined) return false
  const earlier = view.attempts.filter(({ uid }) => uid !== current.uid)
  return hasBudget(failure, earlier, current.attempt.requirements.retries ?? {})
}

function followed(view: View, current: AttemptRow, failure: Failure): boolean {
  return !isStopping(view) && current.stopRequested === undefined && isPayable(view, current, failure)
}

const waitingWords = {
  user: "The program failed",
  infrastructure: "The infrastructure took it away",
  outOfMemory: "Out of memory",
} as const satisfies Record<FailureClass, string>

function betweenAttempts(view: View, attempts: readonly AttemptRow[], finding: Finding | undefined): Decision["set"] {
  const last = attempts.at(-1)
  const observation = last?.observation
  const failure = observation?.phase === "ended" ? failureClass(observation.exit) : undefined
  const words = failure === undefined ? "It failed" : waitingWords[failure]
  return {
    state: "PENDING",
    message: `${words}; attempt ${(last?.number ?? 0) + 1} follows.`,
    findings: runFindings(view.row, attempts, finding === undefined ? [] : [finding]),
    service: undefined,
  }
}

interface Outcome extends Failure {
  readonly result: RunnerResult | undefined
}

function outcome(view: View, attempts: readonly AttemptRow[], end: Outcome): Decision["set"] {
  const { row, context } = view
  const finding = outcomeFinding(view, attempts, end)
  const state = stateOf(finding)
  const results: JsonObject | undefined = toResults(end.result)
  return {
    state,
    message: finding?.message ?? "Completed.",
    findings: runFindings(row, attempts, [
      ...(finding === undefined ? [] : [finding]),
      ...(finding?.code === "timeout.queued" ? reasonsOf(view.attempts.at(-1)?.observation) : []),
      ...(context.logFindings ?? []),
    ]),
    finished: end.observed.exit.finishedAt,
    service: undefined,
    reason: finding?.code,
    ...(results !== undefined && { results }),
  }
}

/** A failure that a new attempt would have followed, had nobody asked for a stop, is a stop. */
function outcomeFinding(view: View, attempts: readonly AttemptRow[], end: Failure): Finding | undefined {
  const current = attempts.at(-1)
  if (current === undefined || !isStopping(view)) return end.finding
  return isPayable(view, current, end) ? createFinding("run.stopped", {}) : end.finding
}

function stateOf(finding: Finding | undefined): RunState {
  if (finding === undefined) return "COMPLETED"
  return finding.code === "run.stopped" ? "STOPPED" : "ERROR"
}
