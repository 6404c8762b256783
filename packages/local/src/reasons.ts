import { type Attempt, createFinding, type Finding, type JsonObject } from "@berth/spec"
import { admit } from "./admission.ts"
import { type Machine, toNode } from "./machine-node.ts"
import { atOrigin, writtenAt } from "./origin.ts"
import { isPortFree, targetPorts } from "./ports.ts"
import { volumeBlockers } from "./volumes/blockers.ts"

export interface ReasonsRequest {
  readonly attempt: Attempt
  /** Attempts that hold their share of the node. */
  readonly live: readonly Attempt[]
  readonly machine: Machine
  readonly objects: readonly JsonObject[]
  readonly secretValues: (project: string, names: readonly string[]) => Promise<Readonly<Record<string, string>>>
}

/** Everything an attempt waits for. Whatever waits, for a volume too, holds no share of the node. */
export async function findReasons(request: ReasonsRequest): Promise<readonly Finding[]> {
  const { attempt, objects, live, machine } = request
  const fit = admit(attempt, toNode(machine, objects), live)
  return [
    ...volumeBlockers(attempt, objects),
    ...(await missingSecrets(request)),
    ...(fit.fit === "fits" ? [] : fit.findings),
    ...(await takenPorts(attempt, live)),
  ]
}

/** True when only the end of something else, or other objects, can let it start. */
export function waitsForRoomAlone(reasons: readonly Finding[]): boolean {
  return reasons.length > 0 && reasons.every(({ code }) => /^(resources|gpu|placement)\./.test(code))
}

async function missingSecrets({ attempt, secretValues }: ReasonsRequest): Promise<readonly Finding[]> {
  const needed = (attempt.requirements.secrets ?? []).filter(({ optional }) => optional !== true)
  if (needed.length === 0) return []
  const names = needed.map(({ name }) => name)
  const values = await secretValues(attempt.project, names)
  return names
    .filter((name) => values[name] === undefined)
    .map((name) =>
      atOrigin(createFinding("secret.unset", { name }), writtenAt(attempt, [`secrets.${name}`, "secrets"])),
    )
}

async function takenPorts(attempt: Attempt, live: readonly Attempt[]): Promise<readonly Finding[]> {
  const ports = targetPorts(attempt)
  const held = new Set(ports.length === 0 ? [] : live.flatMap(targetPorts))
  const taken = await Promise.all(
    ports.map(async (port) => (held.has(port) || !(await isPortFree(port)) ? [port] : [])),
  )
  const origin = writtenAt(attempt, ["service_ports"])
  return taken.flat().map((port) => atOrigin(createFinding("port.in_use", { port }), origin))
}
