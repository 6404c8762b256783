import type { ProfileMode } from "../entity.ts"
import type { Finding } from "../finding.ts"
import type { Normalised } from "../normalise/normalise.ts"
import type { Path } from "../path.ts"
import type { LayerName, Origin, Provenance } from "../provenance.ts"
import type { Requirements } from "../requirements.ts"
import { findConflicts } from "./conflicts.ts"
import {
  applySteps,
  type Field,
  fieldOrder,
  type Item,
  pickFields,
  type Slot,
  type Slots,
  toSteps,
  toWireName,
} from "./slots.ts"

/** One layer's canonical requirements and where its author wrote them. */
export interface Layer extends Pick<Normalised, "layer" | "paths"> {
  readonly name: LayerName
}

/** A profile as a layer, with who wins per field (`resources`, `node_selector`); default `override`. */
export interface ProfileLayer extends Layer {
  readonly modes: Readonly<Record<string, ProfileMode>>
}

export interface Resolved {
  readonly requirements: Requirements
  readonly provenance: Provenance
  /** What only shows when layers are together: two volumes on one path, a variable named like a secret. */
  readonly findings: readonly Finding[]
}

/**
 * Merges layers, lowest first: deep per resource name and bound, by key for selector, labels, annotations, envs,
 * volumes (whole volumes, by name) and tolerations (all of one key together); timeouts, retries and the security
 * context by member; everything else is replaced whole. `null` removes what was inherited.
 *
 * The profile comes last, per field by its mode. `override` (the default) merges it over the user's; `default`
 * merges it below the user's and above the built-in defaults; `append` keeps all that is there, adds what is
 * missing and concatenates tolerations, secrets and ports.
 */
export function resolve(layers: readonly Layer[], profile?: ProfileLayer): Resolved {
  const stack = profile === undefined ? layers : [...layers, profile]
  const slots: Slots = new Map()
  const profileFields = (mode: ProfileMode): readonly Field[] =>
    profile === undefined ? [] : fieldOrder.filter((field) => modeOf(profile, field) === mode)
  const applyProfile = (mode: ProfileMode): void => {
    if (profile === undefined) return
    const steps = toSteps(pickFields(profile.layer, profileFields(mode)), layers.length)
    applySteps(slots, steps, mode === "append" ? "append" : "replace")
  }
  const applyLayers = (isWanted: (layer: Layer) => boolean): void => {
    layers.forEach((layer, position) => {
      if (isWanted(layer)) applySteps(slots, toSteps(layer.layer, position))
    })
  }
  applyLayers((layer) => layer.name === "default")
  applyProfile("default")
  applyLayers((layer) => layer.name !== "default")
  applyProfile("append")
  applyProfile("override")
  return finish(slots, stack)
}

function modeOf(profile: ProfileLayer, field: Field): ProfileMode {
  return profile.modes[field] ?? profile.modes[toWireName(field)] ?? "override"
}

function finish(slots: Slots, stack: readonly Layer[]): Resolved {
  const byField = new Map<Field, Slot[]>()
  for (const slot of slots.values()) {
    if (slot.items.length > 0) byField.set(slot.field, [...(byField.get(slot.field) ?? []), slot])
  }
  const requirements: Record<string, unknown> = {}
  const provenance: Record<string, Origin> = {}
  for (const field of fieldOrder) {
    const set = byField.get(field)
    if (set === undefined) continue
    requirements[field] = assemble(field, set)
    addOrigins(provenance, set, stack)
  }
  const resolved = { requirements: requirements as Requirements, provenance }
  return { ...resolved, findings: findConflicts(resolved.requirements, provenance) }
}

const listFields: ReadonlySet<Field> = new Set<Field>(["volumes", "tolerations", "envs", "secrets", "servicePorts"])

function assemble(field: Field, slots: readonly Slot[]): unknown {
  if (listFields.has(field)) return slots.flatMap((slot) => slot.items.map((item) => item.value))
  const root: Record<string, unknown> = {}
  for (const slot of slots) {
    const value = slot.items[0]?.value
    const [first, second] = slot.members
    if (first === undefined) return value
    if (second === undefined) defineMember(root, first, value)
    else defineMember(root, first, defineMember(Object(root[first] ?? {}), second, value))
  }
  return root
}

/** Sets an own member, also for a user's key like `__proto__`. */
function defineMember(target: Record<string, unknown>, key: string, value: unknown): Record<string, unknown> {
  return Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true })
}

function addOrigins(provenance: Record<string, Origin>, slots: readonly Slot[], stack: readonly Layer[]): void {
  const items = slots.flatMap((slot) => slot.items.map((item) => ({ slot, item })))
  items.forEach(({ slot, item }, index) => {
    const layer = stack[item.layer]
    if (layer === undefined) return
    for (const below of leavesBelow(slot.field, item.value)) {
      const leaf = `${leafOf(slot, item, index)}${below}`
      const origin = { layer: layer.name, path: findPath(layer.paths, `${item.source}${below}`) }
      defineMember(provenance as Record<string, unknown>, leaf, origin)
    }
  })
}

/** Lists without names are counted anew, everything else keeps its path. */
function leafOf(slot: Slot, item: Item, index: number): string {
  if (slot.field === "tolerations" || slot.field === "servicePorts") return `${toWireName(slot.field)}.${index}`
  return item.source
}

/** The leaves of one item as suffixes: a volume has one per member, an affinity one per kind, others are a leaf. */
function leavesBelow(field: Field, value: unknown): readonly string[] {
  if (field === "affinity") return Object.keys(Object(value)).map((member) => `.${toWireName(member)}`)
  if (field !== "volumes") return [""]
  return Object.entries(Object(value)).flatMap(([member, inner]) => {
    if (member === "name") return []
    if (member !== "spec") return [`.${toWireName(member)}`]
    return Object.keys(Object(inner)).map((key) => `.spec.${toWireName(key)}`)
  })
}

/** Where a layer's author wrote a leaf: at it, around a part of it, or else what it is itself a part of. */
function findPath(paths: Readonly<Record<string, Path>>, leaf: string): Path {
  const exact = Object.hasOwn(paths, leaf) ? paths[leaf] : undefined
  return exact ?? aroundPart(paths, leaf) ?? aroundLeaf(paths, leaf) ?? canonicalPath(leaf)
}

/** As many members less as the part lies deeper. */
function aroundPart(paths: Readonly<Record<string, Path>>, leaf: string): Path | undefined {
  const part = Object.entries(paths).find(([candidate]) => candidate.startsWith(`${leaf}.`))
  if (part === undefined) return undefined
  const [candidate, path] = part
  const depth = candidate.slice(leaf.length + 1).split(".").length
  return path.slice(0, Math.max(1, path.length - depth))
}

function aroundLeaf(paths: Readonly<Record<string, Path>>, leaf: string): Path | undefined {
  for (let dot = leaf.lastIndexOf("."); dot > 0; dot = leaf.lastIndexOf(".", dot - 1)) {
    const prefix = leaf.slice(0, dot)
    if (Object.hasOwn(paths, prefix)) return paths[prefix]
  }
  return undefined
}

function canonicalPath(leaf: string): Path {
  return leaf.split(".").map((part) => (/^\d+$/.test(part) ? Number(part) : part))
}
