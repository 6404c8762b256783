import { didYouMean } from "../did-you-mean.ts"
import type { InventoryNode } from "../executor.ts"
import { createFinding, type Finding, type PatchOperation } from "../finding.ts"
import { type Path, toPointer } from "../path.ts"
import type { Origin, Provenance } from "../provenance.ts"
import type { Requirements } from "../requirements.ts"
import { unmetTerms } from "./affinity-match.ts"

/** Findings for every selector label that a node lacks: exact equality, all of them. */
export function selectorFindings(
  requirements: Requirements,
  node: InventoryNode,
  provenance: Provenance,
): readonly Finding[] {
  return Object.entries(requirements.nodeSelector ?? {}).flatMap(([key, value]): readonly Finding[] => {
    const actual = Object.hasOwn(node.labels, key) ? node.labels[key] : undefined
    return actual === value ? [] : [selectorFinding({ key, value, actual }, node, provenance)]
  })
}

interface Mismatch {
  readonly key: string
  readonly value: string
  readonly actual: string | undefined
}

function selectorFinding({ key, value, actual }: Mismatch, node: InventoryNode, provenance: Provenance): Finding {
  const leaf = `node_selector.${key}`
  const origin = Object.hasOwn(provenance, leaf) ? provenance[leaf] : undefined
  const data = {
    key,
    value,
    node: node.name,
    ...(actual !== undefined && { actual }),
    nearestKeys: actual === undefined ? nearestLabels(key, value, node) : [],
    ...layerOf(origin),
  }
  const fix = origin?.layer === "run" ? selectorFix({ key, value, actual }, origin.path) : undefined
  return createFinding("placement.selector.no_match", data, { path: origin?.path, fix })
}

/** Labels that may be meant: one with the same value, one with a similar key. */
function nearestLabels(key: string, value: string, node: InventoryNode): readonly string[] {
  const keys = Object.keys(node.labels)
  const sameValue = keys.filter((label) => value !== "" && value !== "true" && node.labels[label] === value)
  const similar = didYouMean(
    key,
    keys.filter((label) => couldBe(label, key)),
  )
  const nearest = new Set([...(similar === undefined ? [] : [similar]), ...sameValue])
  return [...nearest].slice(0, 3).map((label) => `${label}=${node.labels[label]}`)
}

/** Worth an edit distance: there may be a thousand nodes with fifty labels each. */
function couldBe(label: string, key: string): boolean {
  if (label.endsWith(`/${key}`)) return true
  return Math.abs(label.length - key.length) <= 3 && label[0]?.toLowerCase() === key[0]?.toLowerCase()
}

/** Takes the node's own value, or drops the label that the node lacks; for each form a selector can be written in. */
function selectorFix({ key, actual }: Mismatch, path: Path): readonly PatchOperation[] {
  const last = path.at(-1)
  const inMap = last === key
  const entry = !inMap && (last === "value" || last === "key") ? path.slice(0, -1) : path
  if (actual === undefined) return [{ op: "remove", path: toPointer(entry) }]
  if (inMap) return [{ op: "replace", path: toPointer(path), value: actual }]
  return [{ op: "replace", path: toPointer(entry), value: { key, value: actual } }]
}

/** The finding for a required node affinity that no term of matches. Preferred terms never block. */
export function affinityFindings(
  requirements: Requirements,
  node: InventoryNode,
  provenance: Provenance,
): readonly Finding[] {
  const required = requirements.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution
  if (required === undefined) return []
  const { matches, reasons } = unmetTerms(required, node)
  if (matches) return []
  const origin = provenance["affinity.node_affinity"]
  const data = { node: node.name, unmet: reasons, ...layerOf(origin) }
  return [createFinding("placement.affinity.no_match", data, { path: origin?.path })]
}

/** Named only where it is not the run's own. */
export function layerOf(origin: Origin | undefined): { readonly layer?: string } {
  return origin === undefined || origin.layer === "run" ? {} : { layer: origin.layer }
}
