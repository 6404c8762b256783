import type { Exit, Observation, RunState } from "@berth/spec"
import type { AttemptRow } from "../store/store.ts"
import { changed, same } from "./changed.ts"
import { conclude } from "./conclude.ts"
import { wakeAtDeadline } from "./deadline.ts"
import { type Decision, sightOf, toRef, type View } from "./decision.ts"
import { reasonsOf, withFacts } from "./facts.ts"
import { runFindings } from "./run-findings.ts"
import { requestStop, wantsEnd, withCause } from "./stop.ts"

/** An attempt that may be alive: start it, follow it, end it, or conclude from its end. */
export function decideLive(view: View, current: AttemptRow): Decision {
  const sight = sightOf(view, current)
  if (sight === "never accepted")
    return wantsEnd(view, current) ? concludeUnstarted(view, current) : startAgain(view, current)
  if (sight?.phase === "ended") return conclude(view, current, sight)
  if (sight?.phase === "absent") return concludeAbsent(view, current)
  if (sight === undefined && current.observation === undefined && !view.context.launched && !wantsEnd(view, current)) {
    return startAgain(view, current)
  }
  return follow(view, current, sight)
}

/** The write came before the start, so the start may be missing; it is idempotent by uid. */
function startAgain({ row, attempts, context }: View, current: AttemptRow): Decision {
  const findings = runFindings(row, attempts, context.startFindings ?? [])
  const message = context.startFindings?.[0]?.message ?? row.message ?? "Accepted."
  return {
    actions: [{ type: "start", attempt: current.attempt }],
    ...(!same(findings, row.findings) && { set: { findings, message } }),
    ...wakeAtDeadline(current),
  }
}

function concludeUnstarted(view: View, current: AttemptRow): Decision {
  return concludeWith(view, withCause(view, current), { reason: "stopped", finishedAt: view.context.now })
}

/** It was there and is gone: stopped if that was asked for, lost otherwise. */
function concludeAbsent(view: View, current: AttemptRow): Decision {
  const reason = current.stopRequested === undefined ? "lost" : "stopped"
  return concludeWith(view, current, { reason, finishedAt: view.context.now })
}

function concludeWith(view: View, current: AttemptRow, exit: Exit): Decision {
  const before = current.observation
  const seen = before !== undefined && "logs" in before ? before : { logs: [] }
  return conclude(view, current, { ...seen, attempt: toRef(current), at: view.context.now, phase: "ended", exit })
}

/** Waiting or running, or not seen since a restart: keep the facts up to date, and the deadlines. */
function follow(view: View, current: AttemptRow, seen: Observation | undefined): Decision {
  const { row } = view
  const facts = withFacts(current, seen)
  const { attempt, actions, wakeAt } = wantsEnd(view, facts)
    ? requestStop(view, facts)
    : { attempt: facts, actions: [], ...wakeAtDeadline(facts) }
  const set = changed(row, presentStatus(view, attempt))
  return {
    actions,
    ...(set !== undefined && { set }),
    ...(attempt !== current && { attempts: [attempt] }),
    ...(wakeAt !== undefined && { wakeAt }),
  }
}

function presentStatus(view: View, attempt: AttemptRow): NonNullable<Decision["set"]> {
  const { row, attempts } = view
  const observation = attempt.observation
  const reasons = reasonsOf(observation)
  const state = presentState(view, observation)
  const started = row.started ?? attempt.started
  const all = attempts.map((other) => (other.uid === attempt.uid ? attempt : other))
  return {
    state,
    message: reasons[0]?.message ?? presentWords[state] ?? row.message ?? "",
    findings: runFindings(row, all, reasons),
    service: observation?.phase === "running" ? observation.service : undefined,
    ...(started !== undefined && { started }),
  }
}

const presentWords: Partial<Record<RunState, string>> = {
  PENDING: "Accepted; waiting to start.",
  RUNNING: "Running.",
  STOP: "Stopping.",
  DELETING: "Being deleted.",
  RESUME: "Accepted; resuming.",
}

function presentState({ row }: View, observation: Observation | undefined): RunState {
  if (row.desired === "stop" || row.state === "STOP") return "STOP"
  if (observation?.phase === "running") return "RUNNING"
  return observation?.phase === "waiting" ? "PENDING" : row.state
}
