import type { InventoryNode } from "./executor.ts"
import type { Finding } from "./finding.ts"
import type { Provenance } from "./provenance.ts"
import type { Requirements } from "./requirements.ts"

/** How one request and one node go together. */
export interface NodeFit {
  /** `fits` now; `waits` until others have ended; `never` on this node as it is. */
  readonly fit: "fits" | "waits" | "never"
  /** Everything in the way, at the user's paths. */
  readonly findings: readonly Finding[]
}

export interface FitRequest {
  readonly requirements: Requirements
  readonly provenance: Provenance
  /** Resource name of a GPU without a type. Default `nvidia.com/gpu`. */
  readonly gpuResource?: string
}

/** Checks selector, node affinity, taints and resources of one node (kubernetes.md 3.2 to 3.4). */
export function fitNode(_request: FitRequest, _node: InventoryNode): NodeFit {
  throw new Error("fit is being built")
}

/** Effective requests by Kubernetes resource name (`cpu`, `memory`, `nvidia.com/gpu`), a limit standing in for a missing request. */
export function effectiveRequests(
  _requirements: Requirements,
  _gpuResource?: string,
): Readonly<Record<string, string>> {
  throw new Error("fit is being built")
}
