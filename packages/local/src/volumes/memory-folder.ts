import { accessSync, constants, readdirSync, rmSync, statfsSync } from "node:fs"
import { join } from "node:path"

const tmpfsType = 0x01021994

/** A folder of the host that is memory, for secret files: `/dev/shm`, else the user's runtime folder; undefined without one. */
export function findMemoryFolder(runtime: string | undefined): string | undefined {
  return ["/dev/shm", runtime].find((folder) => folder !== undefined && isMemory(folder))
}

function isMemory(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK)
    return statfsSync(folder).type === tmpfsType
  } catch {
    return false
  }
}

/** Instance and uid hold no dot, so no instance's prefix is the beginning of another's. */
function prefixOf(instance: string): string {
  return `berth.${instance.replaceAll(/[^A-Za-z0-9-]/g, "_")}.`
}

/** Where an attempt keeps what may touch no disk. */
export function memoryPlace(folder: string, instance: string, uid: string): string {
  return join(folder, `${prefixOf(instance)}${uid}`)
}

/** Removes what this instance left for attempts that are gone. */
export function sweepMemory(folder: string, instance: string, known: ReadonlySet<string>): void {
  const prefix = prefixOf(instance)
  for (const name of readdirSync(folder)) {
    if (name.startsWith(prefix) && !known.has(name.slice(prefix.length))) {
      rmSync(join(folder, name), { recursive: true, force: true })
    }
  }
}
