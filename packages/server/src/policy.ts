import {
  createFinding,
  didYouMean,
  type Finding,
  type Origin,
  type Path,
  type Policy,
  type PolicyRule,
  type Provenance,
  type Requirements,
} from "@berth/spec"
import {
  type Named,
  type PolicyField,
  policyFieldNames,
  policyFields,
  referenceOf,
  referencePath,
} from "./policy-fields.ts"

/** A rule as it is applied, and as a finding names it. */
interface AppliedRule {
  readonly text: string
  allows(value: string): boolean
}

const needsList = (field: PolicyField): AppliedRule => ({
  text: `built-in ${field}: only what a list names`,
  allows: () => false,
})

const notSuperUser = (field: PolicyField): AppliedRule => ({
  text: `built-in ${field}: not 0`,
  allows: (value) => value !== "0",
})

/** What holds where the project's policy says nothing: the whole page is allowed, what weakens others needs a list. */
const builtInRules: Readonly<Partial<Record<PolicyField, AppliedRule>>> = {
  priority_class: needsList("priority_class"),
  runtime_class: needsList("runtime_class"),
  pod_patch: needsList("pod_patch"),
  service_type: { text: "built-in service_type: allow ClusterIP", allows: (value) => value === "ClusterIP" },
  "security_context.run_as_user": notSuperUser("security_context.run_as_user"),
  "security_context.run_as_group": notSuperUser("security_context.run_as_group"),
  "security_context.fs_group": notSuperUser("security_context.fs_group"),
}

/** Labels and annotations that Berth keeps its books with. */
const reservedKey = /^([a-z0-9-]+\.)*berth\.dev\//
/** Objects that Berth itself makes in a project's namespace. */
const ownObject = /^berth-/

/**
 * What a project's policy has against resolved requirements. Only names are looked at, and only what a user set: an
 * administrator's profile and the server's defaults are what the administrator wants.
 */
export function checkPolicy(
  policy: Policy,
  resolved: { readonly requirements: Requirements; readonly provenance: Provenance },
): readonly Finding[] {
  const denied = policyFieldNames.flatMap((field) => {
    const rule = ruleFor(policy, field)
    if (rule === undefined) return []
    return policyFields[field](resolved.requirements)
      .filter(({ value }) => !Object.hasOwn(policy, `${field}.${value}`) && !rule.allows(value))
      .flatMap((named) => deny(named, { rule, field }, resolved.provenance))
  })
  return [...denied, ...checkOwnObjects(resolved), ...checkReserved(resolved)]
}

/** The project's own rule for the field, else the built-in one. A rule on `volumes.secret` goes before one on `volumes`. */
function ruleFor(policy: Policy, field: PolicyField): AppliedRule | undefined {
  const own = Object.hasOwn(policy, field) ? policy[field] : undefined
  if (own === undefined) return builtInRules[field]
  const text = `${field}: ${typeof own === "string" ? own : `allow ${own.allow.join(", ")}`}`
  return { text, allows: (value) => isAllowed(own, value) }
}

function isAllowed(rule: PolicyRule, value: string): boolean {
  return typeof rule === "string" ? rule === "allow" : rule.allow.some((pattern) => matches(pattern, value))
}

/** `*` stands for any text, so that `team-*` and `example.com/*` can be said. */
function matches(pattern: string, value: string): boolean {
  const parts = pattern.split("*")
  if (parts.length === 1) return pattern === value
  const [head = "", ...rest] = parts
  const tail = rest.pop() ?? ""
  if (!value.startsWith(head) || !value.endsWith(tail) || value.length < head.length + tail.length) return false
  let position = head.length
  for (const part of rest) {
    const found = value.indexOf(part, position)
    if (found < 0 || found + part.length > value.length - tail.length) return false
    position = found + part.length
  }
  return true
}

interface Denial {
  readonly rule: AppliedRule
  readonly field: PolicyField
}

function deny(named: Named, { rule, field }: Denial, provenance: Provenance): readonly Finding[] {
  const origin = originOf(named.path, provenance)
  if (isAdministrators(origin)) return []
  const data = { field: `${field} ${named.value}`, rule: rule.text, ...layerOf(origin) }
  return [createFinding("policy.denied", data, { path: origin?.path })]
}

/** Who set a thing: its own leaf, the first leaf below it, or the leaf it belongs to. */
export function originOf(path: string, provenance: Provenance): Origin | undefined {
  if (Object.hasOwn(provenance, path)) return provenance[path]
  const below = Object.keys(provenance).find((leaf) => leaf.startsWith(`${path}.`))
  if (below !== undefined) return provenance[below]
  const parent = path.slice(0, Math.max(0, path.lastIndexOf(".")))
  return parent === "" ? undefined : originOf(parent, provenance)
}

function isAdministrators(origin: Origin | undefined): boolean {
  return origin?.layer === "profile" || origin?.layer === "default"
}

/** The layer, where it is not the request itself: its path means another document. */
function layerOf(origin: Origin | undefined): { readonly layer?: string } {
  return origin === undefined || origin.layer === "run" ? {} : { layer: origin.layer }
}

const objectKinds = {
  config_map: "ConfigMap",
  secret: "Secret",
  persistent_volume_claim: "claim",
  shared_volume: "claim",
} as const

/** No rule can open these: they hold other people's secrets and Berth's books. */
function checkOwnObjects({ requirements, provenance }: { requirements: Requirements; provenance: Provenance }) {
  return (requirements.volumes ?? []).flatMap((volume) => {
    if (!Object.hasOwn(objectKinds, volume.volumeType)) return []
    const name = referenceOf(volume)
    if (!ownObject.test(name) || (volume.volumeType === "persistent_volume_claim" && !("claimName" in volume.spec)))
      return []
    const kind = objectKinds[volume.volumeType as keyof typeof objectKinds]
    const data = { kind, name, rule: "built-in names: not berth-*" }
    return [createFinding("volume.reference.forbidden", data, { path: pathOf(referencePath(volume), provenance) })]
  })
}

function checkReserved({ requirements, provenance }: { requirements: Requirements; provenance: Provenance }) {
  const fields = { pod_labels: requirements.podLabels, annotations: requirements.annotations }
  return Object.entries(fields).flatMap(([field, value]) =>
    Object.keys(value ?? {})
      .filter((key) => reservedKey.test(key))
      .map((key) => {
        const data = { key, rule: "built-in keys: not berth.dev/*" }
        return createFinding("label.reserved", data, { path: pathOf(`${field}.${key}`, provenance) })
      }),
  )
}

function pathOf(path: string, provenance: Provenance): Path | undefined {
  return originOf(path, provenance)?.path
}

/** What is wrong with a policy as a document: fields that nothing would ever match. */
export function checkPolicyDocument(policy: Policy): readonly Finding[] {
  return Object.keys(policy)
    .filter((field) => !Object.hasOwn(policyFields, field))
    .map((field) => {
      const suggestion = didYouMean(field, policyFieldNames)
      const data = { field, ...(suggestion !== undefined && { suggestion }) }
      return createFinding("policy.field_unknown", data, { path: [field] })
    })
}
