import type { RequirementsLayer } from "../requirements.ts"

/** A canonical field of the requirements. */
export type Field = keyof RequirementsLayer

/** One value of one layer, and the canonical wire path it has there. */
export interface Item {
  readonly value: unknown
  /** Position of the layer among those that are resolved. */
  readonly layer: number
  readonly source: string
}

/**
 * The smallest thing that a higher layer replaces as one: a bound, a selector key, a variable, a volume, all
 * tolerations of one key, a whole field. Lists of one slot have several items.
 */
export interface Slot {
  readonly field: Field
  /** Members below the field: `["mem", "limits"]`, `["LOG_LEVEL"]`; empty for a field that is replaced whole. */
  readonly members: readonly string[]
  readonly items: readonly Item[]
}

/** What a layer does, in order: sets a slot, or removes every slot at or below a place. */
export type Step =
  | { readonly set: Slot }
  | { readonly remove: { readonly field: Field; readonly members: readonly string[] } }

/** Fields that are maps with the user's own keys. */
const mapFields = ["nodeSelector", "podLabels", "annotations"] as const
/** Fields that are records with members of ours. */
const recordFields = ["timeouts", "retries", "securityContext"] as const
const wholeFields = [
  "affinity",
  "secrets",
  "servicePorts",
  "profile",
  "priorityClass",
  "runtimeClass",
  "serviceType",
  "serviceName",
  "replicas",
  "podPatch",
] as const

/** Every field, in the order in which resolved requirements list them. */
export const fieldOrder = [
  "nodeSelector",
  "volumes",
  "resources",
  "affinity",
  "tolerations",
  "envs",
  "secrets",
  "podLabels",
  "annotations",
  "profile",
  "priorityClass",
  "runtimeClass",
  "securityContext",
  "timeouts",
  "retries",
  "servicePorts",
  "serviceType",
  "serviceName",
  "replicas",
  "podPatch",
] as const satisfies readonly Field[]

/** The wire name of a field or member of ours: `nodeSelector` → `node_selector`. Never for a user's own keys. */
export function toWireName(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
}

/** What one layer does to the layers below it. */
export function toSteps(layer: RequirementsLayer, position: number): readonly Step[] {
  return fieldOrder.flatMap((field): readonly Step[] => {
    const value = layer[field]
    if (value === undefined) return []
    if (value === null) return [{ remove: { field, members: [] } }]
    return fieldSteps(layer, field, position)
  })
}

function fieldSteps(layer: RequirementsLayer, field: Field, position: number): readonly Step[] {
  if (field === "resources") return resourceSteps(layer.resources ?? {}, position)
  if (field === "volumes") return namedSteps("volumes", layer.volumes ?? [], position)
  if (field === "envs") return namedSteps("envs", layer.envs ?? [], position)
  if (field === "tolerations") return tolerationSteps(layer.tolerations ?? [], position)
  if (isOneOf(mapFields, field)) return memberSteps(field, layer[field] ?? {}, { position, ours: false })
  if (isOneOf(recordFields, field)) return memberSteps(field, layer[field] ?? {}, { position, ours: true })
  if (isOneOf(wholeFields, field)) return [{ set: { field, members: [], items: wholeItems(layer, field, position) } }]
  return []
}

function wholeItems(layer: RequirementsLayer, field: (typeof wholeFields)[number], position: number): readonly Item[] {
  const source = toWireName(field)
  if (field === "secrets") {
    return (layer.secrets ?? []).map((value) => ({ value, layer: position, source: `secrets.${value.name}` }))
  }
  if (field === "servicePorts") {
    return (layer.servicePorts ?? []).map((value, index) => ({
      value,
      layer: position,
      source: `service_ports.${index}`,
    }))
  }
  return [{ value: layer[field], layer: position, source }]
}

function memberSteps(
  field: Field,
  value: object,
  options: { readonly position: number; readonly ours: boolean },
): readonly Step[] {
  return Object.entries(value).flatMap(([key, member]): readonly Step[] => {
    const source = `${toWireName(field)}.${options.ours ? toWireName(key) : key}`
    return single({ field, members: [key] }, { value: member, layer: options.position, source })
  })
}

function resourceSteps(resources: object, position: number): readonly Step[] {
  return Object.entries(resources).flatMap(([name, bounds]: [string, unknown]): readonly Step[] => {
    const place = { field: "resources" as const, members: [name] }
    const source = `resources.${name}`
    if (typeof bounds !== "object" || bounds === null) return single(place, { value: bounds, layer: position, source })
    const steps = Object.entries(bounds).flatMap(([bound, value]) =>
      single({ ...place, members: [name, bound] }, { value, layer: position, source: `${source}.${bound}` }),
    )
    return name === "gpu" ? [...dropGpuPair(bounds), ...steps] : steps
  })
}

/** A GPU's request equals its limit, so a layer that speaks of one of them replaces both. */
function dropGpuPair(bounds: object): readonly Step[] {
  if (!("requests" in bounds) && !("limits" in bounds)) return []
  return ["requests", "limits"].map((bound) => ({
    remove: { field: "resources" as const, members: ["gpu", bound] },
  }))
}

function namedSteps(
  field: "envs" | "volumes",
  entries: readonly { readonly name: string }[],
  position: number,
): readonly Step[] {
  return entries.flatMap((entry) => {
    const removed = "value" in entry ? entry.value === null : "volumeType" in entry && entry.volumeType === null
    const value = removed ? null : entry
    return single({ field, members: [entry.name] }, { value, layer: position, source: `${field}.${entry.name}` })
  })
}

function tolerationSteps(tolerations: readonly { readonly key?: string }[], position: number): readonly Step[] {
  const groups = new Map<string, Item[]>()
  tolerations.forEach((value, index) => {
    const item = { value, layer: position, source: `tolerations.${index}` }
    const group = groups.get(value.key ?? "")
    if (group === undefined) groups.set(value.key ?? "", [item])
    else group.push(item)
  })
  return [...groups].map(([key, items]) => ({ set: { field: "tolerations", members: [key], items } }))
}

function single(place: { readonly field: Field; readonly members: readonly string[] }, item: Item): readonly Step[] {
  if (item.value === undefined) return []
  if (item.value === null) return [{ remove: place }]
  return [{ set: { ...place, items: [item] } }]
}

function isOneOf<Name extends Field>(names: readonly Name[], field: Field): field is Name {
  return names.includes(field as Name)
}

/** Slots by place, in the order in which they were first set. */
export type Slots = Map<string, Slot>

/** Applies steps; `append` adds to what is there and never replaces or removes. */
export function applySteps(slots: Slots, steps: readonly Step[], mode: "replace" | "append" = "replace"): void {
  for (const step of steps) {
    if ("set" in step) {
      const key = slotKey(step.set)
      const present = slots.get(key)
      slots.set(key, mode === "append" && present !== undefined ? append(present, step.set) : step.set)
    } else if (mode === "replace") {
      for (const [key, slot] of slots) if (isBelow(slot, step.remove)) slots.delete(key)
    }
  }
}

function append(present: Slot, added: Slot): Slot {
  const isList = present.field === "tolerations" || present.field === "secrets" || present.field === "servicePorts"
  if (!isList) return present
  const known = new Set(present.items.map(identityOf))
  return { ...present, items: [...present.items, ...added.items.filter((item) => !known.has(identityOf(item)))] }
}

function identityOf({ value }: Item): string {
  const entry = value as { readonly name?: string }
  return entry.name ?? JSON.stringify(value)
}

function slotKey(slot: { readonly field: Field; readonly members: readonly string[] }): string {
  return JSON.stringify([slot.field, ...slot.members])
}

function isBelow(slot: Slot, place: { readonly field: Field; readonly members: readonly string[] }): boolean {
  return slot.field === place.field && place.members.every((member, index) => slot.members[index] === member)
}

/** A layer reduced to some of its fields. */
export function pickFields(layer: RequirementsLayer, fields: readonly Field[]): RequirementsLayer {
  return Object.fromEntries(fields.flatMap((field) => (layer[field] === undefined ? [] : [[field, layer[field]]])))
}
