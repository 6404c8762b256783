import type { Exit } from "./executor.ts"
import { createFinding, type Finding, type FindingContext } from "./finding.ts"
import { toPointer } from "./path.ts"
import type { Provenance } from "./provenance.ts"
import { createQuantity, formatQuantity, parseQuantity } from "./quantity.ts"
import type { Requirements } from "./requirements.ts"
import { maxResultBytes, type RunnerResult } from "./runner.ts"

/** Why Berth itself ended an attempt. */
export type EndCause =
  | { readonly kind: "stopped"; readonly user?: string }
  | { readonly kind: "timeout.running"; readonly timeout: string }
  | { readonly kind: "timeout.queued"; readonly timeout: string }

/** What is known beside the exit itself. */
export interface ExitContext {
  readonly requirements: Requirements
  readonly provenance: Provenance
  /** Set when Berth asked for the end. */
  readonly cause?: EndCause
  /** Of a handler, parsed. */
  readonly result?: RunnerResult
  /** Last lines of the log, oldest first; shown as evidence of the program's own failure. */
  readonly logTail?: readonly string[]
  readonly node?: string
}

/** Signals by which native code dies. */
const crashSignals: ReadonlySet<number> = new Set([4, 6, 7, 8, 11])
const killSignal = 9
/** A SIGKILL at this share of the memory limit counts as a suspected lack of memory. */
const suspectedShare = 0.95

/**
 * The finding that says how an attempt ended; undefined for a program that ended well.
 *
 * First match wins (kubernetes.md 2.9): Berth's own reason, the infrastructure's, storage, memory, a start that
 * failed, then signals, the handler's exception and the exit code.
 */
export function exitFinding(exit: Exit, context: ExitContext): Finding | undefined {
  if (context.cause !== undefined) return causeFinding(context.cause)
  switch (exit.reason) {
    case "stopped":
      return createFinding("run.stopped", {})
    case "disrupted":
      return createFinding("run.disrupted", placeOf(exit, context))
    case "lost":
      return createFinding("run.lost", placeOf(exit, context))
    case "storage":
      return createFinding("storage.exceeded", messageOf(exit), tail(context))
    case "oom":
      return memoryFinding(exit, context)
    case "not_started":
      return startFinding(exit, context)
    case "signaled":
    case "exited":
      return programFinding(exit, context)
  }
}

/** What a handler's own result says; undefined when it returned well. */
export function resultFinding(result: RunnerResult): Finding | undefined {
  if (result.ok) return undefined
  const { stage, type, message, traceback } = result.error
  const context = traceback === undefined ? {} : { evidence: traceback.replace(/\n$/, "").split("\n") }
  if (stage === "load") return createFinding("handler.load_failed", { type, message }, context)
  if (stage === "raised") return createFinding("handler.raised", { type, message }, context)
  if (type === "TooLarge") {
    return createFinding("result.too_large", { limitBytes: maxResultBytes, message }, context)
  }
  return createFinding("result.not_json", { message }, context)
}

function causeFinding(cause: EndCause): Finding {
  if (cause.kind === "stopped") {
    return createFinding("run.stopped", cause.user === undefined ? {} : { user: cause.user })
  }
  return createFinding(cause.kind, { timeout: cause.timeout })
}

function programFinding(exit: Exit, context: ExitContext): Finding | undefined {
  const code = exit.code ?? 0
  const signal = signalOf(exit)
  if (signal === killSignal) return suspectedMemory(exit, context) ?? signalFinding(signal, code, context)
  if (signal !== undefined && crashSignals.has(signal)) {
    return createFinding("exit.native_crash", { signal, exitCode: code }, tail(context))
  }
  const ownWords = context.result === undefined ? undefined : resultFinding(context.result)
  if (ownWords !== undefined) return ownWords
  if (signal !== undefined) return signalFinding(signal, code, context)
  if (code === 0) return undefined
  return codeFinding(code, context)
}

function signalFinding(signal: number, exitCode: number, context: ExitContext): Finding {
  return createFinding("exit.signaled", { signal, exitCode }, tail(context))
}

/** 126 and 127 are a shell's words; without one the same codes come from whatever started the program. */
function codeFinding(code: number, context: ExitContext): Finding {
  if (code === 126) return createFinding("exit.not_executable", {}, tail(context))
  if (code === 127) return createFinding("exit.not_found", {}, tail(context))
  return createFinding("exit.nonzero", { exitCode: code }, tail(context))
}

function startFinding(exit: Exit, context: ExitContext): Finding {
  if (exit.code === 126) return createFinding("exit.not_executable", {}, evidenceOf(exit, context))
  if (exit.code === 127) return createFinding("exit.not_found", {}, evidenceOf(exit, context))
  return createFinding("run.not_started", messageOf(exit), tail(context))
}

/** The signal a program died of: told by the runtime, or by a shell as 128 + n for the signals that kill. */
function signalOf(exit: Exit): number | undefined {
  const code = exit.code ?? 0
  if (code <= 128 || code > 128 + 64) return undefined
  const signal = code - 128
  if (exit.reason === "signaled") return signal
  return crashSignals.has(signal) || shellSignals.has(signal) ? signal : undefined
}

/** SIGHUP, SIGINT, SIGKILL, SIGPIPE, SIGTERM. */
const shellSignals: ReadonlySet<number> = new Set([1, 2, killSignal, 13, 15])

function suspectedMemory(exit: Exit, context: ExitContext): Finding | undefined {
  const { peakMemoryBytes: peakBytes, memoryLimitBytes } = exit
  if (peakBytes === undefined || memoryLimitBytes === undefined) return undefined
  if (peakBytes < memoryLimitBytes * suspectedShare) return undefined
  const limit = context.requirements.resources?.mem?.limits ?? String(memoryLimitBytes)
  return createFinding("exit.out_of_memory.suspected", { limit, peakBytes }, moreMemory(context))
}

function memoryFinding(exit: Exit, context: ExitContext): Finding {
  const asked = context.requirements.resources?.mem?.limits
  const limit = asked ?? (exit.memoryLimitBytes === undefined ? undefined : String(exit.memoryLimitBytes))
  const data = {
    ...(limit !== undefined && { limit }),
    ...(exit.peakMemoryBytes !== undefined && { peakBytes: exit.peakMemoryBytes }),
  }
  return createFinding("exit.out_of_memory", data, moreMemory(context))
}

/** Half as much again, at the user's own path; no fix where another layer set the limit. */
function moreMemory(context: ExitContext): FindingContext {
  const text = context.requirements.resources?.mem?.limits
  const limit = text === undefined ? undefined : parseQuantity(text)
  const origin = context.provenance["resources.mem.limits"]
  if (limit === undefined || origin === undefined) return tail(context)
  const place = { ...tail(context), path: origin.path }
  if (origin.layer !== "run") return place
  const more = createQuantity(roundUp((limit.nano * 3n) / 2n), limit.format)
  return { ...place, fix: [{ op: "replace", path: toPointer(origin.path), value: formatQuantity(more) }] }
}

/** To whole bytes. */
function roundUp(nano: bigint): bigint {
  const nanoPerByte = 1_000_000_000n
  return ((nano + nanoPerByte - 1n) / nanoPerByte) * nanoPerByte
}

function tail(context: ExitContext): FindingContext {
  return context.logTail === undefined || context.logTail.length === 0 ? {} : { evidence: context.logTail }
}

function evidenceOf(exit: Exit, context: ExitContext): FindingContext {
  return exit.message === undefined ? tail(context) : { evidence: [exit.message] }
}

function messageOf(exit: Exit): { readonly message?: string } {
  return exit.message === undefined ? {} : { message: exit.message }
}

function placeOf(exit: Exit, context: ExitContext): { readonly node?: string; readonly message?: string } {
  return { ...messageOf(exit), ...(context.node !== undefined && { node: context.node }) }
}
