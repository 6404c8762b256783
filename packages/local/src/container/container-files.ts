import { existsSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { readText } from "../attempt-files.ts"
import type { EngineState } from "../engine.ts"
import { writeWhole } from "../launch-record.ts"
import type { Places } from "../places.ts"

/** True for an attempt that the container engine has begun to launch. */
export function isContainer(places: Places): boolean {
  return existsSync(join(places.attempt, "container"))
}

export function markContainer(places: Places): void {
  writeFileSync(join(places.attempt, "container"), "")
}

/** When the end was asked for, and when the container is killed if it has not ended. */
export interface StopRequest {
  readonly askedAt: string
  readonly killAt: string
}

export function readStopRequest(places: Places): StopRequest | undefined {
  const [askedAt, killAt] = (readText(join(places.attempt, "stop")) ?? "").split(" ")
  return askedAt === undefined || killAt === undefined ? undefined : { askedAt, killAt }
}

/** The first asking counts; the earliest deadline counts. */
export function writeStopRequest(places: Places, request: StopRequest): void {
  const earlier = readStopRequest(places)
  const killAt = earlier === undefined || request.killAt < earlier.killAt ? request.killAt : earlier.killAt
  writeWhole(join(places.attempt, "stop"), `${earlier?.askedAt ?? request.askedAt} ${killAt}`)
}

type Ended = Extract<EngineState, { readonly phase: "ended" }>

/** The end as it was first seen: it stays the same when the container is gone. */
export function readEnd(places: Places): Ended | undefined {
  const path = join(places.attempt, "end.json")
  return existsSync(path) ? (JSON.parse(readFileSync(path, "utf8")) as Ended) : undefined
}

export function writeEnd(places: Places, end: Ended): void {
  writeWhole(join(places.attempt, "end.json"), JSON.stringify(end))
}
