import type { InventoryNode } from "../executor.ts"
import type { Finding } from "../finding.ts"
import type { Provenance } from "../provenance.ts"
import type { Requirements } from "../requirements.ts"
import { asksOf, fitResources } from "./resources.ts"
import { affinityFindings, selectorFindings } from "./selector.ts"
import { taintFindings } from "./taints.ts"

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
  /** Resource name of a GPU whose `type` is no resource name: none given, or an alias that the caller looked up. Default `nvidia.com/gpu`. */
  readonly gpuResource?: string
}

/**
 * Checks selector, required node affinity, taints and resources of one node (kubernetes.md 3.2 to 3.4).
 *
 * Pure, some microseconds a node. Paths and fixes are relative to the run's `spec`; a value that another layer set
 * carries `data.layer` and no fix.
 */
export function fitNode(request: FitRequest, node: InventoryNode): NodeFit {
  const { requirements, provenance, gpuResource } = request
  const placement = [
    ...selectorFindings(requirements, node, provenance),
    ...affinityFindings(requirements, node, provenance),
    ...taintFindings(requirements.tolerations ?? [], node, provenance),
  ]
  const { never, waits } = fitResources(asksOf(requirements, gpuResource), node, provenance)
  const blocking = [...placement, ...never]
  if (blocking.length > 0) return { fit: "never", findings: [...blocking, ...waits] }
  return { fit: waits.length > 0 ? "waits" : "fits", findings: waits }
}

/**
 * Effective requests by Kubernetes resource name (`cpu`, `memory`, `nvidia.com/gpu`), a limit standing in for a
 * missing request. What is not asked for is absent.
 *
 * @param gpuResource - As in {@link FitRequest}.
 */
export function effectiveRequests(requirements: Requirements, gpuResource?: string): Readonly<Record<string, string>> {
  return Object.fromEntries(asksOf(requirements, gpuResource).map((ask) => [ask.resource, ask.text]))
}
