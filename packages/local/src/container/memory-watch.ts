import { existsSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { hasCode } from "../process-id.ts"

/** What the kernel counted in a container's cgroup. */
export interface MemoryCount {
  readonly oomKills: number
  readonly peakBytes?: number
}

export interface MemoryWatch extends Disposable {
  /** The highest counts seen so far. */
  count(): MemoryCount
  /** Looks a last time. */
  finish(): MemoryCount
}

export interface MemoryWatchOptions {
  /** The container's id, known before it starts. */
  readonly id: string
  /** Of its first process, when it runs already. */
  readonly pid?: number
  /** Called once, when something in the container was killed for lack of memory. */
  readonly onOom: () => void
}

/** Between a death and the removal of the cgroup a runtime takes longer than this. */
const intervalMilliseconds = 25
const roots = ["/sys/fs/cgroup/memory", "/sys/fs/cgroup"]
const folders = (id: string) => [
  `libpod_parent/libpod-${id}`,
  `machine.slice/libpod-${id}.scope`,
  `docker/${id}`,
  `system.slice/docker-${id}.scope`,
]

/**
 * Counts kills for lack of memory beside the daemon, whose own word (`OOMKilled`) some versions never say, and knows
 * the peak, which none does. Sees nothing where the daemon runs on another machine.
 */
export function watchMemory(options: MemoryWatchOptions): MemoryWatch {
  let count: MemoryCount = { oomKills: 0 }
  let folder: string | undefined
  const look = () => {
    folder ??= findFolder(options)
    const now = folder === undefined ? undefined : readCount(folder)
    if (now === undefined) return
    const isNew = count.oomKills === 0 && now.oomKills > 0
    count = { ...now, oomKills: Math.max(now.oomKills, count.oomKills) }
    if (isNew) options.onOom()
  }
  const timer = setInterval(look, intervalMilliseconds).unref()
  const end = () => clearInterval(timer)
  return {
    count: () => count,
    finish() {
      look()
      end()
      return count
    },
    [Symbol.dispose]: end,
  }
}

function findFolder({ id, pid }: MemoryWatchOptions): string | undefined {
  const known = roots.flatMap((root) => folders(id).map((folder) => join(root, folder)))
  return known.find((folder) => existsSync(folder)) ?? (pid === undefined ? undefined : folderOf(pid))
}

/** The memory cgroup of a process: of version 1 if it is mounted, else of version 2. */
function folderOf(pid: number): string | undefined {
  const lines = (readIfThere(`/proc/${pid}/cgroup`) ?? "").split("\n").map((line) => line.split(":"))
  const first = lines.find(([, controllers]) => controllers?.split(",").includes("memory"))
  const path = (first ?? lines.find(([number]) => number === "0"))?.[2]
  return path === undefined || path === "/" ? undefined : join(roots[first === undefined ? 1 : 0] ?? "", path)
}

/** Undefined when the cgroup is gone. */
function readCount(folder: string): MemoryCount | undefined {
  const events = readIfThere(join(folder, "memory.oom_control")) ?? readIfThere(join(folder, "memory.events"))
  if (events === undefined) return undefined
  const peak = readIfThere(join(folder, "memory.max_usage_in_bytes")) ?? readIfThere(join(folder, "memory.peak"))
  const kills = /^oom_kill (\d+)$/m.exec(events)?.[1]
  return { oomKills: Number(kills ?? 0), ...(peak !== undefined && { peakBytes: Number(peak) }) }
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8")
  } catch (error) {
    if (hasCode(error, "ENOENT") || hasCode(error, "ENODEV") || hasCode(error, "ESRCH")) return undefined
    throw error
  }
}
