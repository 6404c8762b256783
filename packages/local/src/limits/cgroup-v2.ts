import { existsSync, mkdirSync, rmdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { quote } from "../hand-over.ts"
import { cgroupPrefix, emptyCgroup, listCgroups, readCounter } from "./cgroup.ts"
import type { LimitMechanism } from "./mechanism.ts"

export interface CgroupV2Options {
  /** A folder whose children may have these controllers. */
  readonly folder: string
  readonly controllers: ReadonlySet<string>
  readonly instance: string
}

/**
 * cgroup v2: a folder per attempt. The kernel kills the whole of it at its limit (`memory.oom.group`).
 *
 * Written from the kernel's documentation and not yet tried on a machine that has it; its parity says so.
 */
export function createCgroupV2Limits({ folder, controllers, instance }: CgroupV2Options): LimitMechanism {
  const prefix = cgroupPrefix(instance)
  const pathOf = (uid: string) => join(folder, `${prefix}${uid}`)
  return {
    name: "cgroup-v2",
    enforcesMemory: controllers.has("memory"),
    enforcesCpu: controllers.has("cpu"),
    create(uid, { memoryBytes, cpuMilli, contain }) {
      if (memoryBytes === undefined && cpuMilli === undefined && !contain) return { folders: [], counters: [] }
      const path = pathOf(uid)
      mkdirSync(path, { recursive: true })
      const write = (file: string, value: string) => {
        if (existsSync(join(path, file))) writeFileSync(join(path, file), value)
      }
      write("memory.oom.group", "1")
      if (memoryBytes !== undefined) {
        write("memory.max", `${memoryBytes}`)
        write("memory.swap.max", "0")
      }
      if (cpuMilli !== undefined) write("cpu.max", `${Math.max(1000, cpuMilli * 100)} 100000`)
      return { folders: [path], counters: countersOf(path) }
    },
    oomKills: (uid) => readCounter(join(pathOf(uid), "memory.events"), "oom_kill"),
    remove: (uid) => emptyCgroup(pathOf(uid)),
    list: () => listCgroups(folder, prefix),
  }
}

function countersOf(path: string): readonly string[] {
  const events = quote(join(path, "memory.events"))
  const peak = quote(join(path, "memory.peak"))
  return [
    `while read -r name value; do [ "$name" = oom_kill ] && echo "oom $value"; done <${events}`,
    `read -r value <${peak} && echo "peak $value"`,
  ]
}

/** Which of the wanted controllers a child of the folder really has: one is made, limited and removed. */
export function tryControllers(folder: string): ReadonlySet<string> {
  const trial = join(folder, `berth-trial-${process.pid}`)
  try {
    mkdirSync(trial)
    return new Set(["memory", "cpu"].filter((name) => existsSync(join(trial, `${name}.max`))))
  } catch (error) {
    if (error instanceof Error) return new Set()
    throw error
  } finally {
    if (existsSync(trial)) rmdirSync(trial)
  }
}
