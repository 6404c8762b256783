import { linkSync, readFileSync, renameSync, statSync, unlinkSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import type { EngineState } from "./engine.ts"
import type { Places } from "./places.ts"
import { hasCode, type ProcessId, parseProcessId } from "./process-id.ts"

/** What the files of a launched attempt say. Every file is written by one writer, whole or with a last line `end`. */
export interface AttemptFiles {
  /** The lock: someone started this attempt, or gave it up, and nobody else may. */
  readonly started?: { readonly at: string; readonly supervisor: ProcessId | undefined }
  /** The program itself was reached. */
  readonly begun: boolean
  readonly stopRequested: boolean
  /** Set by Berth when it ends an attempt for a reason of its own. */
  readonly verdict?: Verdict
  readonly exit?: ExitFile
}

const verdictReasons = ["storage", "oom", "not_started", "stopped", "lost"] as const

/** Why Berth itself ends an attempt, in the file `verdict`: the reason, then the message. */
export interface Verdict {
  readonly reason: (typeof verdictReasons)[number]
  readonly message: string
}

function parseVerdict(text: string | undefined): Verdict | undefined {
  const [word, ...rest] = (text ?? "").split("\n")
  const reason = verdictReasons.find((candidate) => candidate === word)
  return reason === undefined ? undefined : { reason, message: rest.join("\n") }
}

/** Records why Berth ends the attempt; the first reason stays. */
export function writeVerdict(places: Places, verdict: Verdict): void {
  writeOnce(join(places.attempt, "verdict"), `${verdict.reason}\n${verdict.message}`)
}

/**
 * Takes the lock in place of a supervisor and ends the attempt for the reason given.
 * False when someone else has started it already.
 */
export function giveUp(places: Places, verdict: Verdict): boolean {
  if (!writeOnce(join(places.attempt, "started"), "-\n")) return false
  writeEnding(places, verdict)
  return true
}

/** Records an end that no supervisor saw, and why. What a supervisor could not write to its end is replaced. */
export function writeEnding(places: Places, verdict: Verdict): void {
  const exit = join(places.attempt, "exit")
  writeVerdict(places, verdict)
  if (!writeOnce(exit, "end\n") && readExitFile(exit) === undefined) replace(exit, "end\n")
  touch(places.event)
}

/** The end of an attempt that was given up before anything of the user's was started. */
export function givenUp(places: Places): Extract<EngineState, { phase: "ended" }> | undefined {
  if (readText(join(places.attempt, "started")) !== "-\n") return undefined
  const { exit, verdict } = readAttemptFiles(places)
  if (exit === undefined || verdict === undefined) return undefined
  const reason = verdict.reason === "stopped" ? "stopped" : "not_started"
  const code = reason === "stopped" ? { code: 143 } : {}
  return { phase: "ended", exit: { reason, ...code, message: verdict.message, finishedAt: exit.at } }
}

/** Takes the lock for an engine that has no supervisor. False when the attempt was given up: then nothing may start. */
export function takeLock(places: Places): boolean {
  return writeOnce(join(places.attempt, "started"), "engine\n")
}

/** Wakes whoever watches the attempts. */
export function touch(path: string): void {
  writeFileSync(path, "")
}

function replace(path: string, text: string): void {
  const draft = `${path}.${process.pid}`
  writeFileSync(draft, text)
  renameSync(draft, path)
}

/** Makes the file whole or not at all; false when it was there. */
function writeOnce(path: string, text: string): boolean {
  const draft = `${path}.${process.pid}`
  writeFileSync(draft, text)
  try {
    linkSync(draft, path)
    return true
  } catch (error) {
    if (hasCode(error, "EEXIST")) return false
    throw error
  } finally {
    unlinkSync(draft)
  }
}

/** What the supervisor found when everything had ended. */
export interface ExitFile {
  readonly at: string
  /** Status of the isolated process as sh reports it: 128 + n for signal n. */
  readonly code: number
  /** Status of the program itself, when its first process could tell. */
  readonly exit?: number
  /** True when a first process of its own was to tell the program's status. */
  readonly tree: boolean
  readonly missing: boolean
  readonly stopped: boolean
  readonly oomKills: number
  readonly peakBytes?: number
}

export function readAttemptFiles(places: Places): AttemptFiles {
  const started = readDated(join(places.attempt, "started"))
  const verdict = parseVerdict(readText(join(places.attempt, "verdict")))
  const exit = readExitFile(join(places.attempt, "exit"))
  return {
    ...(started !== undefined && { started: { at: started.at, supervisor: parseProcessId(started.text) } }),
    begun: readText(join(places.attempt, "status"))?.startsWith("begin\n") === true,
    stopRequested: readText(join(places.attempt, "stop")) !== undefined,
    ...(verdict !== undefined && { verdict }),
    ...(exit !== undefined && { exit }),
  }
}

function readExitFile(path: string): ExitFile | undefined {
  const file = readDated(path)
  if (file === undefined || !file.text.endsWith("end\n")) return undefined
  const words = new Map(file.text.split("\n").map(toPair))
  const number = (name: string) => (words.get(name) === undefined ? undefined : Number(words.get(name)))
  const exit = number("exit")
  const peakBytes = number("peak")
  return {
    at: file.at,
    code: number("code") ?? 0,
    ...(exit !== undefined && { exit }),
    tree: words.has("tree"),
    missing: words.has("missing"),
    stopped: words.has("stopped"),
    oomKills: number("oom") ?? 0,
    ...(peakBytes !== undefined && { peakBytes }),
  }
}

function toPair(line: string): readonly [string, string | undefined] {
  const [name = "", value] = line.split(" ")
  return [name, value]
}

/** A file's text and when it was last written; undefined when there is none. */
function readDated(path: string): { readonly text: string; readonly at: string } | undefined {
  const text = readText(path)
  if (text === undefined) return undefined
  return { text, at: statSync(path).mtime.toISOString() }
}

export function readText(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8")
  } catch (error) {
    if (hasCode(error, "ENOENT") || hasCode(error, "ENOTDIR")) return undefined
    throw error
  }
}
