import type { InventoryNode } from "../executor.ts"
import { createFinding, type Finding, type FindingContext } from "../finding.ts"
import type { JsonObject } from "../json.ts"
import type { Provenance } from "../provenance.ts"
import type { Toleration } from "../requirements.ts"

/** A taint as an inventory shows it. */
export type Taint = InventoryNode["taints"][number]

const unschedulableTaint: Taint = { key: "node.kubernetes.io/unschedulable", effect: "NoSchedule" }

/** Whether a toleration matches a taint: absent effect or key match every one, the operator defaults to `Equal`. */
export function tolerates(toleration: Toleration, taint: Taint): boolean {
  if ((toleration.effect ?? taint.effect) !== taint.effect) return false
  const anyKey = toleration.key === undefined || toleration.key === ""
  if (!anyKey && toleration.key !== taint.key) return false
  return toleration.operator === "Exists" || (toleration.value ?? "") === (taint.value ?? "")
}

/** Findings for every taint that keeps the run off a node. `PreferNoSchedule` only scores and blocks nothing. */
export function taintFindings(
  tolerations: readonly Toleration[],
  node: InventoryNode,
  provenance: Provenance,
): readonly Finding[] {
  const isTolerated = (taint: Taint): boolean => tolerations.some((toleration) => tolerates(toleration, taint))
  const blocking = node.taints.filter(
    (taint) => (taint.effect === "NoSchedule" || taint.effect === "NoExecute") && !isTolerated(taint),
  )
  const marked = blocking.some((taint) => taint.key === unschedulableTaint.key)
  const closed = node.unschedulable === true && !marked && !isTolerated(unschedulableTaint)
  return [
    ...(closed ? [createFinding("placement.node.unschedulable", { node: node.name })] : []),
    ...blocking.map((taint) => taintFinding(taint, node, provenance)),
  ]
}

function taintFinding(taint: Taint, node: InventoryNode, provenance: Provenance): Finding {
  if (taint.key === unschedulableTaint.key) return createFinding("placement.node.unschedulable", { node: node.name })
  const toleration = matchingToleration(taint)
  const text = Object.entries(toleration).map(([key, value]) => `${key}: ${value}`)
  const data = { node: node.name, taint: describeTaint(taint), toleration: `{ ${text.join(", ")} }` }
  return createFinding("placement.taint.untolerated", data, addToleration(toleration, provenance))
}

/** `nvidia.com/gpu=v100:NoSchedule`, as kubectl prints it. */
export function describeTaint(taint: Taint): string {
  return `${taint.key}${taint.value === undefined || taint.value === "" ? "" : `=${taint.value}`}:${taint.effect}`
}

/** The narrowest toleration that helps, in wire form. */
function matchingToleration(taint: Taint): JsonObject {
  const value = taint.value === undefined || taint.value === "" ? undefined : taint.value
  return {
    key: taint.key,
    ...(value === undefined ? { operator: "Exists" } : { operator: "Equal", value }),
    effect: taint.effect,
  }
}

/** Adds to the run's own list where it has one, else begins one; a single toleration without a list stays alone. */
function addToleration(toleration: JsonObject, provenance: Provenance): FindingContext {
  const own = Object.entries(provenance).find(
    ([leaf, origin]) => leaf.startsWith("tolerations.") && origin.layer === "run",
  )?.[1].path
  if (own === undefined) return { fix: [{ op: "add", path: "/tolerations", value: [toleration] }] }
  const [name = "tolerations", index] = own
  if (typeof index !== "number") return { path: [name] }
  return { path: [name], fix: [{ op: "add", path: `/${name}/-`, value: toleration }] }
}
