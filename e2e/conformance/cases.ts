import { readFileSync } from "node:fs"
import { join } from "node:path"
import type { Exit, JsonObject, Requirements } from "@berth/spec"
import { expect } from "vitest"
import { makeAttempt, type Observer, project, readLog, type Subject } from "./subject.ts"

/** A case of `fixtures/conformance/cases.json`; its README says what the members mean. */
export interface PortCase {
  readonly name: string
  readonly script?: string
  readonly command?: readonly string[]
  readonly requirements?: Requirements
  readonly objects?: readonly JsonObject[]
  readonly secrets?: Readonly<Record<string, string>>
  readonly enforced?: string
  readonly ownSignal?: boolean
  readonly exit?: Partial<Exit>
  readonly log?: string
  readonly logEnds?: string
  readonly waits?: string
}

const path = join(import.meta.dirname, "../../fixtures/conformance/cases.json")

export const portCases = JSON.parse(readFileSync(path, "utf8")) as readonly PortCase[]

/** Starts the case's attempt and looks at what became of it. */
export async function checkCase(it: PortCase, { subject, observer, run }: CaseOptions): Promise<void> {
  await subject.setObjects(it.objects ?? [])
  await subject.setSecrets(it.secrets ?? {})
  if (it.ownSignal === true && subject.isFirstProcess) return
  const attempt = makeAttempt({ run, image: subject.image, ...it })
  await subject.executor.start(attempt)
  if (it.waits !== undefined) return await checkWait(it.waits, observer, attempt.uid)
  const ended = await observer.until(attempt.uid, "ended")
  if (it.enforced !== undefined && !isEnforced(ended.parity ?? [], it.enforced)) return
  expect(ended.exit).toMatchObject(it.exit ?? {})
  const log = (await Promise.all(ended.logs.map((source) => readLog(subject.executor, source)))).join("")
  if (it.log !== undefined) expect(log).toBe(it.log.replaceAll("{run}", run).replaceAll("{project}", project))
  if (it.logEnds !== undefined) expect(log.slice(-it.logEnds.length)).toBe(it.logEnds)
}

interface CaseOptions {
  readonly subject: Subject
  readonly observer: Observer
  /** Unique to the case. */
  readonly run: string
}

/** Accepted first; why it waits may be found out later. */
async function checkWait(code: string, observer: Observer, uid: string): Promise<void> {
  const reasons = () => {
    const last = observer.last(uid)
    return last?.phase === "waiting" ? last.reasons.map((reason) => reason.code) : []
  }
  await expect.poll(reasons, { timeout: 10_000 }).toContainEqual(expect.stringMatching(new RegExp(`^${code}`)))
}

/** Not enforced is allowed, silence is not. */
function isEnforced(parity: readonly { readonly path: string; readonly level: string }[], enforced: string): boolean {
  const entry = parity.find((each) => each.path === enforced)
  expect(entry, `parity of ${enforced}`).toBeDefined()
  return entry?.level === "enforced"
}
