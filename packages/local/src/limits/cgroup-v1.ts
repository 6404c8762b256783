import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import type { Limits } from "../engine.ts"
import { quote } from "../hand-over.ts"
import { cgroupPrefix, emptyCgroup, listCgroups, readCounter } from "./cgroup.ts"
import type { LimitHandle, LimitMechanism } from "./mechanism.ts"

export interface CgroupV1Options {
  /** Our own folder in the memory hierarchy; undefined where it cannot be used. */
  readonly memory: string | undefined
  /** Our own folder in the cpu hierarchy. */
  readonly cpu: string | undefined
  /** Names the folders of this server: a sweep touches no other's. */
  readonly instance: string
}

/** cgroup v1: a folder per attempt below our own in the memory and the cpu hierarchy. */
export function createCgroupV1Limits({ memory, cpu, instance }: CgroupV1Options): LimitMechanism {
  const roots = [memory, cpu].filter((root) => root !== undefined)
  const prefix = cgroupPrefix(instance)
  const memoryOf = (uid: string) => memory && join(memory, `${prefix}${uid}`)
  const cpuOf = (uid: string) => cpu && join(cpu, `${prefix}${uid}`)
  return {
    name: "cgroup-v1",
    enforcesMemory: memory !== undefined,
    enforcesCpu: cpu !== undefined,
    create(uid, limits) {
      const memoryFolder = limits.memoryBytes !== undefined || limits.contain ? memoryOf(uid) : undefined
      const cpuFolder = limits.cpuMilli !== undefined ? cpuOf(uid) : undefined
      if (memoryFolder !== undefined) limitMemory(memoryFolder, limits)
      if (cpuFolder !== undefined) limitCpu(cpuFolder, limits)
      return toHandle(memoryFolder, cpuFolder)
    },
    oomKills(uid) {
      const folder = memoryOf(uid)
      return folder === undefined ? undefined : readCounter(join(folder, "memory.oom_control"), "oom_kill")
    },
    remove(uid) {
      for (const root of roots) emptyCgroup(join(root, `${prefix}${uid}`))
    },
    list: () => [...new Set(roots.flatMap((root) => listCgroups(root, prefix)))],
  }
}

function limitMemory(folder: string, { memoryBytes }: Limits): void {
  mkdirSync(folder, { recursive: true })
  if (memoryBytes === undefined) return
  writeFileSync(join(folder, "memory.limit_in_bytes"), `${memoryBytes}`)
  // Memory and swap together: without it a program over its limit would only become slow.
  const swap = join(folder, "memory.memsw.limit_in_bytes")
  if (existsSync(swap)) writeFileSync(swap, `${memoryBytes}`)
  else writeFileSync(join(folder, "memory.swappiness"), "0")
}

const periodMicroseconds = 100_000

function limitCpu(folder: string, { cpuMilli }: Limits): void {
  mkdirSync(folder, { recursive: true })
  if (cpuMilli === undefined) return
  writeFileSync(join(folder, "cpu.cfs_period_us"), `${periodMicroseconds}`)
  // The kernel knows nothing shorter than a millisecond.
  writeFileSync(join(folder, "cpu.cfs_quota_us"), `${Math.max(1000, (cpuMilli * periodMicroseconds) / 1000)}`)
}

function toHandle(memory: string | undefined, cpu: string | undefined): LimitHandle {
  const folders = [memory, cpu].filter((folder) => folder !== undefined)
  if (memory === undefined) return { folders, counters: [] }
  const oom = quote(join(memory, "memory.oom_control"))
  const peak = quote(join(memory, "memory.max_usage_in_bytes"))
  return {
    folders,
    counters: [
      `while read -r name value; do [ "$name" = oom_kill ] && echo "oom $value"; done <${oom}`,
      `read -r value <${peak} && echo "peak $value"`,
    ],
  }
}

/** Tries a folder of our own in a hierarchy: made, its limit file written, removed. */
export function tryHierarchy(folder: string, file: string): boolean {
  const trial = join(folder, `berth-trial-${process.pid}`)
  try {
    mkdirSync(trial)
    writeFileSync(join(trial, file), readFileSync(join(trial, file), "utf8").trim())
    return true
  } catch (error) {
    if (error instanceof Error) return false
    throw error
  } finally {
    if (existsSync(trial)) rmdirSync(trial)
  }
}
