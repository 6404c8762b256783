import type { InventoryNode } from "../executor.ts"
import { createFinding, type Finding } from "../finding.ts"
import { toPointer } from "../path.ts"
import type { Origin, Provenance } from "../provenance.ts"
import {
  compareQuantities,
  createQuantity,
  formatQuantity,
  parseQuantity,
  type Quantity,
  subtractQuantities,
} from "../quantity.ts"
import type { Requirements, ResourceBounds } from "../requirements.ts"
import { layerOf } from "./selector.ts"

/** Resource name of a GPU without a type of its own. */
export const defaultGpuResource = "nvidia.com/gpu"

/** Kubernetes resource name, canonical name, and what is asked of it. */
interface Ask {
  readonly resource: string
  readonly name: "cpu" | "mem" | "gpu"
  readonly bound: "requests" | "limits"
  readonly text: string
}

/** A request, or the limit that stands in for it; for a GPU the limit, which its request equals. */
export function asksOf(requirements: Requirements, gpuResource = defaultGpuResource): readonly Ask[] {
  const { cpu, mem, gpu } = requirements.resources ?? {}
  const gpuName = gpu?.type?.includes("/") ? gpu.type : gpuResource
  return [
    ...toAsk("cpu", "cpu", cpu),
    ...toAsk("memory", "mem", mem),
    ...toAsk(gpuName, "gpu", gpu?.limits === undefined ? gpu : { limits: gpu.limits }),
  ]
}

function toAsk(resource: string, name: Ask["name"], bounds: ResourceBounds | undefined): readonly Ask[] {
  const bound = bounds?.requests === undefined ? "limits" : "requests"
  const text = bounds?.[bound]
  return text === undefined ? [] : [{ resource, name, bound, text }]
}

/** How the requests and a node's room go together. */
export interface ResourceFit {
  /** Not enough on the node even if it were empty. */
  readonly never: readonly Finding[]
  /** Not enough while the others run. */
  readonly waits: readonly Finding[]
}

/** Compares every request with what a node has, and with what is free of it. */
export function fitResources(asks: readonly Ask[], node: InventoryNode, provenance: Provenance): ResourceFit {
  const never: Finding[] = []
  const waits: Finding[] = []
  for (const ask of asks) {
    const requested = parseQuantity(ask.text)
    if (requested === undefined || requested.nano <= 0n) continue
    const room = { ask, requested, node, allocatable: amount(node.allocatable, ask.resource), provenance }
    const free = subtractQuantities(room.allocatable, amount(node.requested, ask.resource))
    if (compareQuantities(requested, room.allocatable) > 0) never.push(exceedFinding(room))
    else if (compareQuantities(requested, free) > 0) waits.push(insufficientFinding(room, free))
  }
  const crowded = podsFinding(node)
  return { never, waits: crowded === undefined ? waits : [...waits, crowded] }
}

interface Room {
  readonly ask: Ask
  readonly requested: Quantity
  readonly node: InventoryNode
  readonly allocatable: Quantity
  readonly provenance: Provenance
}

const nothing = createQuantity(0n, "DecimalSI")
const one = createQuantity(1_000_000_000n, "DecimalSI")

function amount(amounts: Readonly<Record<string, string>>, resource: string): Quantity {
  const text = Object.hasOwn(amounts, resource) ? amounts[resource] : undefined
  return (text === undefined ? undefined : parseQuantity(text)) ?? nothing
}

function originOf({ ask, provenance }: Room): Origin | undefined {
  return provenance[`resources.${ask.name}.${ask.bound}`]
}

function exceedFinding(room: Room): Finding {
  const { ask, requested, node, allocatable } = room
  const origin = originOf(room)
  const place = { path: origin?.path }
  const shared = { resource: ask.resource, requested: ask.text, node: node.name, ...layerOf(origin) }
  if (ask.name === "gpu" && allocatable.nano === 0n) {
    return createFinding("gpu.none", { ...shared, available: otherGpus(node, ask.resource) }, place)
  }
  const most = mostThatFits(ask, allocatable)
  const fix =
    most === undefined || origin?.layer !== "run"
      ? undefined
      : [{ op: "replace" as const, path: toPointer(origin.path), value: most }]
  const data = {
    ...shared,
    allocatable: formatLike(allocatable, ask.text, "down"),
    shortfall: formatLike(subtractQuantities(requested, allocatable), ask.text, "up"),
  }
  return createFinding("resources.exceed_node", data, { ...place, fix })
}

function insufficientFinding(room: Room, free: Quantity): Finding {
  const { ask, node, allocatable } = room
  const origin = originOf(room)
  const data = {
    resource: ask.resource,
    requested: ask.text,
    free: free.nano <= 0n ? "0" : formatLike(free, ask.text, "down"),
    allocatable: formatLike(allocatable, ask.text, "down"),
    node: node.name,
    ...layerOf(origin),
  }
  return createFinding("resources.insufficient", data, { path: origin?.path })
}

/** A node also has room for so many pods only, when it says so. */
function podsFinding(node: InventoryNode): Finding | undefined {
  if (!Object.hasOwn(node.allocatable, "pods")) return undefined
  const allocatable = amount(node.allocatable, "pods")
  const free = subtractQuantities(allocatable, amount(node.requested, "pods"))
  if (compareQuantities(one, free) <= 0) return undefined
  const data = {
    resource: "pods",
    requested: "1",
    free: "0",
    allocatable: formatQuantity(allocatable),
    node: node.name,
  }
  return createFinding("resources.insufficient", data)
}

/** Other extended resources of the node that look like a GPU. */
function otherGpus(node: InventoryNode, asked: string): readonly string[] {
  return Object.entries(node.allocatable)
    .filter(([resource, text]) => resource !== asked && /gpu|mig-/.test(resource) && text !== "0")
    .map(([resource, text]) => `${resource} (${text})`)
}

const suffixOf = /[A-Za-z]*$/

/** One of the unit that a quantity was written in; 1 for none and for an exponent. */
function unitOf(text: string): { readonly suffix: string; readonly nano: bigint } {
  const suffix = suffixOf.exec(text)?.[0] ?? ""
  const unit = parseQuantity(`1${suffix}`)
  return unit === undefined ? { suffix: "", nano: one.nano } : { suffix, nano: unit.nano }
}

/** A quantity in the unit that the user wrote, with at most two digits after the point: `62.37Gi`. */
function formatLike(quantity: Quantity, text: string, round: "down" | "up"): string {
  const unit = unitOf(text)
  const hundredths = (quantity.nano * 100n + (round === "up" ? unit.nano - 1n : 0n)) / unit.nano
  if (hundredths === 0n && quantity.nano !== 0n) return formatQuantity(quantity)
  const fraction = String(hundredths % 100n)
    .padStart(2, "0")
    .replace(/0+$/, "")
  return `${hundredths / 100n}${fraction === "" ? "" : `.${fraction}`}${unit.suffix}`
}

/** The most that a node could give, as the user would write it; undefined when that is nothing. */
function mostThatFits(ask: Ask, allocatable: Quantity): string | undefined {
  if (allocatable.nano <= 0n) return undefined
  const unit = unitOf(ask.text)
  const whole = allocatable.nano / unit.nano
  const isNear = whole * unit.nano * 10n >= allocatable.nano * 9n
  if (isNear || ask.name === "gpu") return whole === 0n ? undefined : `${whole}${unit.suffix}`
  if (ask.name === "cpu") return `${allocatable.nano / 1_000_000n}m`
  const mebi = allocatable.nano / (1_048_576n * one.nano)
  return mebi === 0n ? undefined : `${mebi}Mi`
}
