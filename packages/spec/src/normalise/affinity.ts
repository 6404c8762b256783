import type * as z from "zod"
import type { Affinity, LabelSelector, NodeSelectorRequirement, PodAffinityTerm } from "../affinity.ts"
import { isJsonObject } from "../json.ts"
import { isDnsLabel, isLabelKey, isLabelValue } from "../labels.ts"
import {
  affinitySchema,
  labelSelectorRequirementSchema,
  labelSelectorSchema,
  nodeSelectorRequirementSchema,
  nodeSelectorSchema,
  nodeSelectorTermSchema,
  podAffinityTermSchema,
} from "../schema/affinity.ts"
import { toSnakeCase } from "../wire-name.ts"
import { type Given, type Reading, replaceWith, within } from "./reading.ts"
import { givenMember, type Hook, type Hooks, readShape } from "./shape.ts"

/** Complete core/v1 Affinity in snake_case or camelCase, mixed as it comes. */
export function readAffinity(given: Given, reading: Reading): Affinity | undefined {
  return readShape({ schema: affinitySchema, hooks }, given, reading) as Affinity | undefined
}

const hooks: Hooks = new Map<z.ZodType, Hook>([
  [nodeSelectorSchema, { after: checkNodeSelector }],
  [nodeSelectorTermSchema, { before: findTerm, after: checkTerm }],
  [nodeSelectorRequirementSchema, { after: checkRequirement }],
  [labelSelectorRequirementSchema, { after: checkRequirement }],
  [labelSelectorSchema, { after: checkLabelSelector }],
  [podAffinityTermSchema, { after: checkPodTerm }],
])

/** A term where the SDK of 2024 wanted a selector: `preference: { node_selector_terms: [term] }`. */
function findTerm(given: Given, reading: Reading): Given | undefined {
  if (!isJsonObject(given.value)) return given
  const terms = givenMember(given, "node_selector_terms")
  if (terms === undefined || !Array.isArray(terms.value)) return given
  const [only] = terms.value
  if (terms.value.length !== 1 || only === undefined) {
    reading.say("affinity.preference_terms", { terms: terms.value.length }, { path: given.path })
    return undefined
  }
  reading.say("affinity.preference_shape", { terms: 1 }, replaceWith(given, only))
  return { ...within(terms, 0), name: given.name }
}

function checkNodeSelector(given: Given, value: object, reading: Reading): object | undefined {
  const { nodeSelectorTerms } = value as { readonly nodeSelectorTerms: readonly unknown[] }
  if (nodeSelectorTerms.length > 0) return value
  reading.say("field.required", { field: "A term of node_selector_terms" }, { path: given.path })
  return undefined
}

function checkTerm(given: Given, value: object, reading: Reading): object {
  const members = Object.values(value) as readonly (readonly unknown[])[]
  if (members.every((list) => list.length === 0)) reading.say("affinity.term_empty", {}, { path: given.path })
  return value
}

function checkRequirement(given: Given, value: object, reading: Reading): object | undefined {
  const requirement = value as NodeSelectorRequirement
  const isField = toSnakeCase(String(given.path.at(-2))) === "match_fields"
  const names = isField ? checkField(given, requirement, reading) : checkExpression(given, requirement, reading)
  const reason = valuesProblem(requirement)
  if (reason === undefined) return names ? value : undefined
  const { path } = givenMember(given, "values") ?? given
  reading.say("affinity.values", { operator: requirement.operator, reason }, { path })
  return undefined
}

function valuesProblem({ operator, values = [] }: NodeSelectorRequirement): string | undefined {
  if (operator === "In" || operator === "NotIn") return values.length === 0 ? "needs at least one value" : undefined
  if (operator === "Exists" || operator === "DoesNotExist") return values.length > 0 ? "takes no values" : undefined
  return values.length === 1 && /^-?\d{1,18}$/.test(values[0] ?? "") ? undefined : "needs exactly one value, an integer"
}

function checkField(given: Given, { key, operator, values = [] }: NodeSelectorRequirement, reading: Reading): boolean {
  const reason =
    key !== "metadata.name"
      ? `knows no field ${key}`
      : operator !== "In" && operator !== "NotIn"
        ? `knows no operator ${operator}`
        : values.length !== 1 && "takes exactly one value"
  if (reason === false) return true
  reading.say("affinity.match_fields", { reason }, { path: given.path })
  return false
}

function checkExpression(given: Given, { key, values = [] }: NodeSelectorRequirement, reading: Reading): boolean {
  const hasKey = checkKey(givenMember(given, "key"), key, reading)
  const valuesGiven = givenMember(given, "values")
  const wrong = values.findIndex((value) => !isLabelValue(value))
  if (wrong >= 0 && valuesGiven !== undefined) {
    reading.say("label.value", { value: values[wrong] ?? "" }, { path: [...valuesGiven.path, wrong] })
  }
  return hasKey && wrong < 0
}

function checkKey(given: Given | undefined, key: string, reading: Reading): boolean {
  if (isLabelKey(key) || given === undefined) return true
  reading.say("label.key", { key }, { path: given.path })
  return false
}

function checkLabelSelector(given: Given, value: object, reading: Reading): object | undefined {
  const labels = givenMember(given, "match_labels")
  if (labels === undefined) return value
  const problems = Object.entries((value as LabelSelector).matchLabels ?? {}).filter(([key, text]) => {
    if (!isLabelKey(key)) reading.say("label.key", { key }, { path: [...labels.path, key] })
    else if (!isLabelValue(text)) reading.say("label.value", { value: text }, { path: [...labels.path, key] })
    return !isLabelKey(key) || !isLabelValue(text)
  })
  return problems.length === 0 ? value : undefined
}

function checkPodTerm(given: Given, value: object, reading: Reading): object | undefined {
  const term = value as PodAffinityTerm
  const isTopology = checkKey(givenMember(given, "topology_key"), term.topologyKey, reading)
  const checked = [
    ...checkNames(givenMember(given, "namespaces"), term.namespaces, reading),
    ...checkKeys(givenMember(given, "match_label_keys"), term.matchLabelKeys, reading),
    ...checkKeys(givenMember(given, "mismatch_label_keys"), term.mismatchLabelKeys, reading),
  ]
  return isTopology && checked.every(Boolean) ? value : undefined
}

function checkKeys(given: Given | undefined, keys: readonly string[] = [], reading: Reading): readonly boolean[] {
  return keys.map((key, index) => checkKey(given && within(given, index), key, reading))
}

function checkNames(given: Given | undefined, names: readonly string[] = [], reading: Reading): readonly boolean[] {
  return names.map((name, index) => {
    if (!isDnsLabel(name) && given !== undefined) {
      reading.say("field.name", { value: name, rule: "the name of a namespace" }, { path: [...given.path, index] })
    }
    return isDnsLabel(name)
  })
}
