import {
  type Attempt,
  addQuantities,
  createFinding,
  effectiveRequests,
  type Finding,
  fitNode,
  formatQuantity,
  type InventoryNode,
  type NodeFit,
  parseQuantity,
  type Requirements,
  toUnits,
} from "@berth/spec"
import type { BareNode } from "./machine-node.ts"

/** Resource name of a GPU whose type is none. */
const defaultGpuResource = "nvidia.com/gpu"

/** Resource names → quantities that the attempts given have reserved together. */
function sumRequests(live: readonly Pick<Attempt, "requirements">[]): Readonly<Record<string, string>> {
  const sums: Record<string, string> = {}
  for (const { requirements } of live) {
    for (const [name, text] of Object.entries(effectiveRequests(requirements, defaultGpuResource))) {
      sums[name] = addTexts(sums[name], text)
    }
  }
  return sums
}

function addTexts(sum: string | undefined, text: string): string {
  const [a, b] = [sum === undefined ? undefined : parseQuantity(sum), parseQuantity(text)]
  if (b === undefined) return sum ?? "0"
  return formatQuantity(a === undefined ? b : addQuantities(a, b))
}

/** The node with what the live attempts have reserved on it. */
export function toInventoryNode(node: BareNode, live: readonly Pick<Attempt, "requirements">[]): InventoryNode {
  const { given: _given, unschedulable: _unschedulable, ...shown } = node
  return { ...shown, requested: { ...sumRequests(live), ...(live.length > 0 && { pods: `${live.length}` }) } }
}

/**
 * Whether an attempt can start on the node beside those that are live. Labels and taints count only where a Node
 * manifest gave them.
 */
export function admit(attempt: Attempt, node: BareNode, live: readonly Attempt[]): NodeFit {
  const requirements = node.given ? attempt.requirements : withoutPlacement(attempt.requirements)
  const request = { requirements, provenance: attempt.provenance, gpuResource: defaultGpuResource }
  const fit = fitNode(request, toInventoryNode(node, live))
  const closed = unschedulable(node)
  if (closed.length === 0) return fit
  return { fit: fit.fit === "fits" ? "waits" : fit.fit, findings: [...closed, ...fit.findings] }
}

function unschedulable({ name, unschedulable: isClosed }: BareNode): readonly Finding[] {
  return isClosed ? [createFinding("placement.node.unschedulable", { node: name })] : []
}

function withoutPlacement(requirements: Requirements): Requirements {
  const { nodeSelector: _selector, affinity: _affinity, tolerations: _tolerations, ...rest } = requirements
  return rest
}

/** How many devices an attempt asks for. */
export function gpuCount(requirements: Requirements): number {
  const type = requirements.resources?.gpu?.type
  const name = type?.includes("/") === true ? type : defaultGpuResource
  const text = effectiveRequests(requirements, defaultGpuResource)[name]
  const quantity = text === undefined || requirements.resources?.gpu === undefined ? undefined : parseQuantity(text)
  return quantity === undefined ? 0 : toUnits(quantity)
}

/** The lowest devices that nobody holds. */
export function leaseGpus(count: number, total: number, held: readonly number[]): readonly number[] {
  const free = Array.from({ length: total }, (_, index) => index).filter((index) => !held.includes(index))
  return free.slice(0, count)
}
