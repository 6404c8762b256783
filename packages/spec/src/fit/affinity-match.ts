import type { NodeSelector, NodeSelectorRequirement, NodeSelectorTerm } from "../affinity.ts"
import type { InventoryNode } from "../executor.ts"

const maxInt64 = 2n ** 63n - 1n
const wholeNumber = /^[+-]?[0-9]+$/

/** What a node says about one key: a label, or a field. */
type Lookup = (key: string) => string | undefined

/**
 * The reasons why no term of a required node affinity matches a node, one per term; empty when one does.
 * An empty term, and a selector without terms, match nothing.
 *
 * @see https://kubernetes.io/docs/concepts/scheduling-eviction/assign-pod-node/#node-affinity
 */
export function unmetTerms(
  selector: NodeSelector,
  node: Pick<InventoryNode, "name" | "labels">,
): { readonly matches: boolean; readonly reasons: readonly string[] } {
  const reasons: string[] = []
  for (const term of selector.nodeSelectorTerms) {
    const reason = unmetTerm(term, node)
    if (reason === undefined) return { matches: true, reasons: [] }
    reasons.push(reason)
  }
  return { matches: false, reasons }
}

/** Why a term does not match; undefined when it does. */
function unmetTerm(term: NodeSelectorTerm, node: Pick<InventoryNode, "name" | "labels">): string | undefined {
  const { matchExpressions = [], matchFields = [] } = term
  if (matchExpressions.length + matchFields.length === 0) return "an empty term"
  const label: Lookup = (key) => (Object.hasOwn(node.labels, key) ? node.labels[key] : undefined)
  const field: Lookup = (key) => (key === "metadata.name" ? node.name : undefined)
  const unmet = [
    ...matchExpressions.filter((requirement) => !matchesRequirement(requirement, label(requirement.key))),
    ...matchFields.filter((requirement) => !matchesField(requirement, field(requirement.key))),
  ]
  return unmet.length === 0 ? undefined : unmet.map(describeRequirement).join(" and ")
}

/** Only `metadata.name`, In and NotIn; anything else matches nothing, as in the scheduler. */
function matchesField(requirement: NodeSelectorRequirement, value: string | undefined): boolean {
  if (value === undefined || (requirement.operator !== "In" && requirement.operator !== "NotIn")) return false
  return matchesRequirement(requirement, value)
}

/** Whether a label's value (undefined: no such label) meets one requirement. */
export function matchesRequirement(requirement: NodeSelectorRequirement, value: string | undefined): boolean {
  return operators[requirement.operator](value, requirement.values ?? [])
}

/** `NotIn` holds where the label is absent; `Gt` and `Lt` never hold for what is no 64-bit integer. */
const operators = {
  In: (value, values) => value !== undefined && values.includes(value),
  NotIn: (value, values) => value === undefined || !values.includes(value),
  Exists: (value) => value !== undefined,
  DoesNotExist: (value) => value === undefined,
  Gt: (value, values) => compareIntegers(value, values) > 0,
  Lt: (value, values) => compareIntegers(value, values) < 0,
} as const satisfies Record<
  NodeSelectorRequirement["operator"],
  (value: string | undefined, values: readonly string[]) => boolean
>

/** NaN, which no comparison holds for, when either is no integer or there is not exactly one value. */
function compareIntegers(value: string | undefined, values: readonly string[]): number {
  const left = parseInt64(value)
  const right = values.length === 1 ? parseInt64(values[0]) : undefined
  if (left === undefined || right === undefined) return Number.NaN
  return left === right ? 0 : left > right ? 1 : -1
}

function parseInt64(text: string | undefined): bigint | undefined {
  if (text === undefined || text.length > 20 || !wholeNumber.test(text)) return undefined
  const value = BigInt(text.replace(/^\+/, ""))
  return value > maxInt64 || value < -maxInt64 - 1n ? undefined : value
}

/** `zone In (a, b)`, `gpu Exists`, `cores Gt 8`. */
export function describeRequirement({ key, operator, values = [] }: NodeSelectorRequirement): string {
  if (operator === "In" || operator === "NotIn") return `${key} ${operator} (${values.join(", ")})`
  return [key, operator, ...values].join(" ")
}
