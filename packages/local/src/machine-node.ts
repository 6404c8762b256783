import { readdirSync } from "node:fs"
import { arch, availableParallelism, hostname, totalmem } from "node:os"
import { type InventoryNode, isJsonObject, type Json, type JsonObject, parseQuantity, toUnits } from "@berth/spec"
import { memberOf, nameOf, textsOf } from "./objects.ts"

/** The machine as a node: what it has, without what runs on it. */
export interface Machine {
  readonly name: string
  readonly architecture: string
  readonly cores: number
  readonly memoryBytes: number
  /** Indexes of NVIDIA devices. */
  readonly gpus: readonly number[]
}

export type BareNode = Omit<InventoryNode, "requested"> & {
  /** True when a Node manifest was given, and so labels and taints mean something. */
  readonly given: boolean
  readonly unschedulable: boolean
}

const architectures: Readonly<Record<string, string>> = { x64: "amd64", ia32: "386" }

/** Indexes of the NVIDIA devices of this machine, in order. */
export function listGpus(): readonly number[] {
  return readdirSync("/dev")
    .map((name) => /^nvidia([0-9]+)$/.exec(name)?.[1])
    .filter((index) => index !== undefined)
    .map(Number)
    .sort((a, b) => a - b)
}

export function readMachine(gpus: readonly number[]): Machine {
  return {
    name: hostname(),
    architecture: architectures[arch()] ?? arch(),
    cores: availableParallelism(),
    memoryBytes: totalmem(),
    gpus,
  }
}

/** The Node that runs are admitted to: the manifest's where one is given, the machine's otherwise. */
export function toNode(machine: Machine, objects: readonly JsonObject[]): BareNode {
  const manifest = objects.find((object) => object.kind === "Node")
  return manifest === undefined ? machineNode(machine) : manifestNode(machine, manifest)
}

function machineNode(machine: Machine): BareNode {
  return {
    name: machine.name,
    labels: ownLabels(machine, machine.name),
    taints: [],
    allocatable: ownResources(machine),
    given: false,
    unschedulable: false,
  }
}

function manifestNode(machine: Machine, manifest: JsonObject): BareNode {
  const name = nameOf(manifest) || machine.name
  const status = memberOf(manifest, "status")
  const spec = memberOf(manifest, "spec")
  const stated = { ...textsOf(memberOf(status, "capacity")), ...textsOf(memberOf(status, "allocatable")) }
  return {
    name,
    labels: { ...ownLabels(machine, name), ...textsOf(memberOf(memberOf(manifest, "metadata"), "labels")) },
    taints: toTaints(spec.taints),
    allocatable: { ...ownResources(machine), ...stated },
    given: true,
    unschedulable: spec.unschedulable === true,
  }
}

function ownLabels({ architecture }: Machine, name: string): Record<string, string> {
  return { "kubernetes.io/hostname": name, "kubernetes.io/arch": architecture, "kubernetes.io/os": "linux" }
}

/** As many runs at once as a kubelet takes when nobody says otherwise: requests of nothing fit for ever. */
const defaultPods = 110

function ownResources(machine: Machine): Record<string, string> {
  return {
    cpu: `${machine.cores}`,
    memory: `${machine.memoryBytes}`,
    pods: `${defaultPods}`,
    ...(machine.gpus.length > 0 && { "nvidia.com/gpu": `${machine.gpus.length}` }),
  }
}

function toTaints(value: Json | undefined): InventoryNode["taints"] {
  if (!Array.isArray(value)) return []
  return value.filter(isJsonObject).map((taint) => {
    const { key = "", value: text, effect = "" } = textsOf(taint)
    return { key, effect, ...(text !== undefined && { value: text }) }
  })
}

/** How many devices the node offers, by the resource name of GPUs. */
export function gpuTotal(node: Pick<InventoryNode, "allocatable">): number {
  const text = Object.entries(node.allocatable).find(([name]) => name.endsWith("/gpu"))?.[1]
  const quantity = text === undefined ? undefined : parseQuantity(text)
  return quantity === undefined ? 0 : toUnits(quantity)
}
