import { existsSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { createCgroupV1Limits, tryHierarchy } from "./cgroup-v1.ts"
import { createCgroupV2Limits, tryControllers } from "./cgroup-v2.ts"
import type { LimitMechanism } from "./mechanism.ts"
import { createWatcherLimits } from "./watcher.ts"

export interface ChooseLimitsOptions {
  readonly instance: string
  /** Only this one or the watcher. */
  readonly wanted?: LimitMechanism["name"] | undefined
}

/** The best mechanism that really took a limit here: cgroup v2, cgroup v1, else the watcher. */
export function chooseLimits({ instance, wanted }: ChooseLimitsOptions): LimitMechanism {
  const own = ownCgroups(readFileSync("/proc/self/cgroup", "utf8"))
  const allowed = (name: LimitMechanism["name"]) => wanted === undefined || wanted === name
  const v2 = allowed("cgroup-v2") ? usableV2(own) : undefined
  if (v2 !== undefined) return createCgroupV2Limits({ ...v2, instance })
  const v1 = allowed("cgroup-v1") ? usableV1(own) : undefined
  if (v1 !== undefined) return createCgroupV1Limits({ ...v1, instance })
  return createWatcherLimits()
}

/** Controller → our own path in its hierarchy; the empty name is cgroup v2's. */
export function ownCgroups(text: string): ReadonlyMap<string, string> {
  const paths = new Map<string, string>()
  for (const line of text.trim().split("\n")) {
    const [, controllers = "", ...path] = line.split(":")
    for (const controller of controllers.split(",")) paths.set(controller, path.join(":"))
  }
  return paths
}

const mount = "/sys/fs/cgroup"

/** Our own folder is full of us, so attempts go beside us: below the parent, where that was delegated. */
function usableV2(own: ReadonlyMap<string, string>) {
  if (!existsSync(join(mount, "cgroup.controllers"))) return undefined
  const path = join(mount, own.get("") ?? "/")
  for (const folder of [path, join(path, "..")]) {
    const controllers = folder.startsWith(mount) ? tryControllers(folder) : new Set<string>()
    if (controllers.size > 0) return { folder, controllers }
  }
  return undefined
}

function usableV1(own: ReadonlyMap<string, string>) {
  const memory = usableHierarchy("memory", { own, file: "memory.limit_in_bytes" })
  const cpu = usableHierarchy("cpu", { own, file: "cpu.cfs_quota_us" })
  return memory === undefined && cpu === undefined ? undefined : { memory, cpu }
}

function usableHierarchy(
  controller: string,
  { own, file }: { readonly own: ReadonlyMap<string, string>; readonly file: string },
): string | undefined {
  const folder = join(mount, controller, own.get(controller) ?? "/")
  const candidates = [folder, join(mount, controller)].filter(
    (path) => existsSync(join(path, file)) || existsSync(path),
  )
  return candidates.find((path) => tryHierarchy(path, file))
}
