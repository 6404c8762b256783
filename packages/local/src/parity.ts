import type { Attempt, Parity, Requirements, Volume } from "@berth/spec"
import type { Isolation } from "./isolation/isolation.ts"
import type { LimitMechanism } from "./limits/mechanism.ts"

type Level = Parity["level"]

function parity(path: string, level: Level, how: string): Parity {
  return { path, level, how }
}

/** What this machine has to meet requirements with. */
export interface ParityFacts {
  readonly isolation: Pick<Isolation, "name" | "namespaces">
  readonly limits: Pick<LimitMechanism, "name" | "enforcesMemory" | "enforcesCpu">
  /** True where secret files can be kept off the disk. */
  readonly memoryFolder: boolean
}

/** How faithfully the process engine meets everything that the attempt asks for. */
export function processParity(attempt: Attempt, facts: ParityFacts): readonly Parity[] {
  const { requirements } = attempt
  return [
    ...imageParity(attempt),
    ...isolationParity(facts),
    ...resourceParity(requirements, facts),
    ...(requirements.volumes ?? []).flatMap((volume) => volumeParity(volume, facts)),
    ...serviceParity(attempt),
    ...podParity(requirements),
    ...handedParity(requirements),
  ]
}

/** What is handed to the program, and what Berth counts itself: kept by every engine. */
function handedParity({ envs, secrets, timeouts, retries }: Requirements): readonly Parity[] {
  const environment = "in the program's environment"
  return [
    ...(envs ?? []).map(({ name }) => parity(`envs.${name}`, "enforced", environment)),
    ...(secrets ?? []).map(({ name }) => parity(`secrets.${name}`, "enforced", environment)),
    ...membersOf("timeouts", timeouts).map((path) => parity(path, "enforced", "counted anew for each attempt")),
    ...membersOf("retries", retries).map((path) => parity(path, "enforced", "each one a new attempt")),
  ]
}

function membersOf(field: string, members: object = {}): readonly string[] {
  return Object.keys(members).map(
    (member) => `${field}.${member.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)}`,
  )
}

/** What the process engine can do on this machine, whatever is asked. */
export function processCapabilities(facts: ParityFacts): readonly Parity[] {
  return [
    facts.isolation.namespaces
      ? parity("isolation", "enforced", `own process and mount namespaces by ${facts.isolation.name}`)
      : isolationGap,
    memoryParity(facts),
    cpuParity(facts),
    gpuParity,
    parity("volumes", facts.isolation.namespaces ? "enforced" : "approximated", placeOf(facts)),
    parity("image", "ignored", imageGap),
  ]
}

/** Labels and taints count only where a Node manifest gave them. */
export function placementParity({ requirements }: Attempt, nodeIsGiven: boolean): readonly Parity[] {
  const selectors = Object.keys(requirements.nodeSelector ?? {}).map((key) => `node_selector.${key}`)
  const paths = [
    ...selectors,
    ...(requirements.affinity === undefined ? [] : ["affinity"]),
    ...(requirements.tolerations === undefined ? [] : ["tolerations"]),
  ]
  const how = nodeIsGiven
    ? "matched against the Node manifest that was given"
    : "there is one machine and no Node manifest to match it against (--objects)"
  return paths.map((path) => parity(path, nodeIsGiven ? "enforced" : "ignored", how))
}

const imageGap = "the program of this machine runs, not an image (BERTH_LOCAL_ENGINE=process)"

function imageParity({ program }: Attempt): readonly Parity[] {
  return program.image === undefined ? [] : [parity("image", "ignored", imageGap)]
}

const isolationGap = parity(
  "isolation",
  "approximated",
  "a process group only: this machine allows no namespaces, so a program that leaves its group can outlive a stop",
)

function isolationParity({ isolation }: ParityFacts): readonly Parity[] {
  return isolation.namespaces ? [] : [isolationGap]
}

const gpuParity = parity(
  "resources.gpu",
  "approximated",
  "devices are leased and named by CUDA_VISIBLE_DEVICES, which a program can disregard",
)

const admission = "a run starts when the requests of all live runs fit the node"

function resourceParity({ resources }: Requirements, facts: ParityFacts): readonly Parity[] {
  if (resources === undefined) return []
  const { cpu, mem, gpu, disk } = resources
  return [
    ...(cpu?.requests === undefined ? [] : [parity("resources.cpu.requests", "enforced", admission)]),
    ...(cpu?.limits === undefined ? [] : [cpuParity(facts)]),
    ...(mem?.requests === undefined ? [] : [parity("resources.mem.requests", "enforced", admission)]),
    ...(mem?.limits === undefined ? [] : [memoryParity(facts)]),
    ...(gpu === undefined ? [] : [gpuParity]),
    ...(disk === undefined ? [] : [parity("resources.disk", "approximated", `/shared is there; ${sizeGap}`)]),
  ]
}

function memoryParity({ limits }: ParityFacts): Parity {
  if (!limits.enforcesMemory) {
    const how = "memory is measured every 200 ms and the run ended over its limit: a spike can be missed"
    return parity("resources.mem.limits", "approximated", how)
  }
  return parity("resources.mem.limits", "enforced", `${spell(limits.name)} memory limit`)
}

function cpuParity({ limits }: ParityFacts): Parity {
  const path = "resources.cpu.limits"
  if (!limits.enforcesCpu) return parity(path, "ignored", "no cpu cgroup can be used on this machine")
  return parity(path, "enforced", `${spell(limits.name)} cpu quota`)
}

function spell(name: LimitMechanism["name"]): string {
  return name === "cgroup-v2" ? "cgroup v2 (not yet tried on a machine that has it)" : name.replace("-", " ")
}

const sizeGap = "its size is not limited, only the disk's is"

function placeOf({ isolation }: ParityFacts): string {
  return isolation.namespaces
    ? "mounted at its path, in a mount namespace of the run's own"
    : "not mounted: this machine allows no namespaces, so BERTH_VOLUME_<NAME> holds the folder"
}

function volumeParity(volume: Volume, facts: ParityFacts): readonly Parity[] {
  const path = `volumes.${volume.name}`
  if (volume.volumeType === "image") {
    return [parity(path, "ignored", "images are not used, so nothing is mounted (BERTH_LOCAL_ENGINE=process)")]
  }
  const mounted = facts.isolation.namespaces
  const readOnly = volume.readOnly === true || volume.volumeType === "config_map" || volume.volumeType === "secret"
  return [
    parity(path, mounted ? "enforced" : "approximated", placeOf(facts)),
    ...(readOnly && !mounted
      ? [parity(`${path}.read_only`, "ignored", "a folder that is not mounted can be written")]
      : []),
    ...sizeParity(volume, facts),
    ...(volume.volumeType === "secret" && !facts.memoryFolder
      ? [
          parity(
            `${path}.spec`,
            "approximated",
            "this machine has no memory file system to use, so the files are on disk while it runs",
          ),
        ]
      : []),
  ]
}

function sizeParity(volume: Volume, { isolation }: ParityFacts): readonly Parity[] {
  const path = `volumes.${volume.name}.spec`
  if (volume.volumeType === "empty_dir") {
    if (volume.spec.sizeLimit === undefined) return []
    const inMemory = volume.spec.medium === "Memory" && isolation.namespaces
    return [
      inMemory
        ? parity(`${path}.size_limit`, "enforced", "a tmpfs of this size")
        : parity(`${path}.size_limit`, "approximated", "measured every 2 s, and the run ended over it"),
    ]
  }
  const { spec } = volume
  return [
    ...("size" in spec ? [parity(`${path}.size`, "ignored", sizeGap)] : []),
    ...("storageClass" in spec && spec.storageClass !== undefined
      ? [parity(`${path}.storage_class`, "ignored", "it is a folder of this machine")]
      : []),
  ]
}

function serviceParity({ action, requirements }: Attempt): readonly Parity[] {
  const { replicas, servicePorts, serviceType, serviceName } = requirements
  const served = action === "serve" || action === "deploy"
  return [
    ...(served && replicas !== undefined && replicas > 1
      ? [parity("replicas", "approximated", "one process, whatever was asked")]
      : []),
    ...(action === "serve" && servicePorts?.some(({ port, targetPort }) => port !== targetPort)
      ? [parity("service_ports", "approximated", "reached on the target port, on loopback")]
      : []),
    ...(serviceType === undefined
      ? []
      : [parity("service_type", "ignored", "reached on loopback, of this machine only")]),
    ...(serviceName === undefined ? [] : [parity("service_name", "ignored", "reached by its port, on loopback")]),
  ]
}

/** Fields that describe a Pod, which there is none of. */
const podFields = {
  podLabels: ["pod_labels", "there is no Pod to label"],
  annotations: ["annotations", "there is no Pod to annotate"],
  priorityClass: ["priority_class", "the oldest run that fits starts first"],
  runtimeClass: ["runtime_class", "programs run directly on this machine"],
  securityContext: ["security_context", "the program runs as the server's own user"],
  podPatch: ["pod_patch", "there is no Pod to patch"],
} as const satisfies Partial<Record<keyof Requirements, readonly [string, string]>>

function podParity(requirements: Requirements): readonly Parity[] {
  return Object.entries(podFields)
    .filter(([field]) => requirements[field as keyof typeof podFields] !== undefined)
    .map(([, [path, how]]) => parity(path, "ignored", how))
}
