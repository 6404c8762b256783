import type { Attempt, Parity } from "@berth/spec"
import { processCapabilities, processParity } from "../parity.ts"

/** What the daemon says it can limit. */
export interface DaemonLimits {
  readonly memory: boolean
  readonly cpu: boolean
}

type Level = Omit<Parity, "path">

/** Where a container does better, or otherwise, than a process of this machine. */
const differences: Readonly<Record<string, (limits: DaemonLimits) => Level>> = {
  image: () => ({ level: "enforced", how: "the container's image" }),
  "resources.mem.limits": ({ memory }) => ofLimit(memory, "memory limit"),
  "resources.cpu.limits": ({ cpu }) => ofLimit(cpu, "cpu quota"),
  "resources.gpu": () => ({
    level: "approximated",
    how: "devices are leased and passed on by the daemon's NVIDIA support",
  }),
  security_context: () => ({ level: "enforced", how: "the container's user and groups" }),
  isolation: () => ({ level: "enforced", how: "a container without capabilities, on the machine's network" }),
}

const container = {
  isolation: { name: "unshare", namespaces: true },
  limits: { name: "cgroup-v1", enforcesMemory: true, enforcesCpu: true },
  memoryFolder: true,
} as const

/** How faithfully the container engine meets everything that the attempt asks for. */
export function containerParity(attempt: Attempt, limits: DaemonLimits): readonly Parity[] {
  return processParity(attempt, container).map((parity) => toContainer(parity, limits))
}

export function containerCapabilities(limits: DaemonLimits): readonly Parity[] {
  return processCapabilities(container).map((parity) => toContainer(parity, limits))
}

function toContainer(parity: Parity, limits: DaemonLimits): Parity {
  // Nobody measures what a container writes; a tmpfs has its size all the same.
  if (parity.path.endsWith(".size_limit") && parity.level === "approximated") {
    return { ...parity, level: "ignored", how: "it is not measured for a container, only the disk's size limits it" }
  }
  return { ...parity, ...differences[parity.path]?.(limits) }
}

function ofLimit(isKept: boolean, what: string): Level {
  if (isKept) return { level: "enforced", how: `container ${what}` }
  return { level: "ignored", how: `the container daemon can set no ${what} here` }
}
