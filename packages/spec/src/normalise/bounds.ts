import { isLabelKey } from "../labels.ts"
import { compareQuantities, formatQuantity, parseQuantity, scaleQuantity } from "../quantity.ts"
import type { RequirementsLayer } from "../requirements.ts"
import { type QuantityKind, readQuantity } from "./quantity.ts"
import { type Given, named, type Reading, replaceWith } from "./reading.ts"
import { type NameRule, readName } from "./values.ts"

type ResourcesLayer = NonNullable<RequirementsLayer["resources"]>
type BoundsLayer = NonNullable<ResourcesLayer["cpu"]>
type GpuLayer = NonNullable<ResourcesLayer["gpu"]>
type Mutable<T> = { -readonly [K in keyof T]: T[K] }

/** What was given for one resource: bounds, or one bare amount (`whole`), which may be null. */
export interface BoundsGiven {
  readonly requests?: Given
  readonly limits?: Given
  readonly type?: Given
  readonly whole?: Given
}

const gpuTypeRule: NameRule = {
  isValid: isLabelKey,
  rule: "the name of a resource (nvidia.com/gpu) or an alias of one (a100)",
}

/** Bounds of cpu or memory. A bare cpu is a request; bare memory is a request, and 1.1 times it the limit. */
export function readBounds(
  resource: "cpu" | "mem",
  { whole, requests, limits }: BoundsGiven,
  reading: Reading,
): BoundsLayer | null | undefined {
  const kind = resource === "cpu" ? "cpu" : "memory"
  if (whole !== undefined) return whole.value === null ? none(whole, reading) : readBare(whole, kind, reading)
  const bounds: Mutable<BoundsLayer> = {}
  const least = requests && readBound(requests, kind, reading)
  const most = limits && readLimit(limits, kind, reading)
  if (least !== undefined) bounds.requests = least
  if (most !== undefined) bounds.limits = most
  if (requests !== undefined && typeof least === "string" && typeof most === "string" && order(least, most) > 0) {
    const data = { resource, requests: least, limits: most }
    reading.say("resources.request_over_limit", data, replaceWith(requests, most))
    delete bounds.requests
  }
  return bounds
}

function none(given: Given, reading: Reading): null {
  reading.place(given)
  return null
}

function readBare(given: Given, kind: "cpu" | "memory", reading: Reading): BoundsLayer | undefined {
  const requests = readQuantity(named(given, `${given.name}.requests`), kind, reading)
  const quantity = requests === undefined ? undefined : parseQuantity(requests)
  if (requests === undefined || quantity === undefined) return undefined
  if (kind === "cpu" || quantity.nano === 0n) return { requests }
  const limits = formatQuantity(scaleQuantity(quantity, 11n, 10n))
  reading.say("memory.limit_derived", { requests, limits }, replaceWith(given, { requests, limits }))
  reading.place(named(given, `${given.name}.limits`))
  return { requests, limits }
}

function readBound(given: Given, kind: QuantityKind, reading: Reading): string | null | undefined {
  return given.value === null ? none(given, reading) : readQuantity(given, kind, reading)
}

function readLimit(given: Given, kind: QuantityKind, reading: Reading): string | null | undefined {
  const limit = readBound(given, kind, reading)
  if (typeof limit !== "string" || parseQuantity(limit)?.nano !== 0n) return limit
  reading.say("quantity.zero", { value: limit }, { path: given.path })
  return undefined
}

function order(a: string, b: string): number {
  const [left, right] = [parseQuantity(a), parseQuantity(b)]
  return left === undefined || right === undefined ? 0 : compareQuantities(left, right)
}

/** GPUs: a bare number is the limit; requests alone are copied to the limit; both must be equal and whole. */
export function readGpu(given: BoundsGiven, reading: Reading): GpuLayer | null | undefined {
  const { whole, type } = given
  if (whole !== undefined && whole.value === null) return none(whole, reading)
  const limits = whole === undefined ? given.limits : named(whole, `${whole.name}.limits`)
  const gpu: Mutable<GpuLayer> = {}
  const least = given.requests && readBound(given.requests, "gpu", reading)
  const most = limits && readBound(limits, "gpu", reading)
  const kind = type && (type.value === null ? none(type, reading) : readName(type, gpuTypeRule, reading))
  if (least !== undefined) gpu.requests = least
  if (most !== undefined) gpu.limits = most
  if (kind !== undefined) gpu.type = kind
  return matchGpu(gpu, given, reading)
}

function matchGpu(gpu: Mutable<GpuLayer>, { requests, limits }: BoundsGiven, reading: Reading): GpuLayer {
  if (requests === undefined || typeof gpu.requests !== "string") return gpu
  if (limits === undefined) {
    reading.say("gpu.limit_copied", { requests: gpu.requests }, { path: requests.path })
    reading.place({ ...requests, name: "resources.gpu.limits" })
    return { ...gpu, limits: gpu.requests }
  }
  if (typeof gpu.limits !== "string" || order(gpu.requests, gpu.limits) === 0) return gpu
  const data = { requests: gpu.requests, limits: gpu.limits }
  reading.say("gpu.unequal", data, replaceWith(requests, limits.value))
  const { requests: _unequal, ...rest } = gpu
  return rest
}
