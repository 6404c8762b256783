import { isJsonObject } from "../json.ts"
import { isLabelKey } from "../labels.ts"
import { formatPath } from "../path.ts"
import type { RequirementsLayer } from "../requirements.ts"
import { type BoundsGiven, readBounds, readGpu } from "./bounds.ts"
import { aliasesOf } from "./historic.ts"
import { readMembers } from "./members.ts"
import { readQuantity } from "./quantity.ts"
import { type Given, kindOf, named, type Reading, replaceWith } from "./reading.ts"
import { readChoice, readEntries, readList, sayMissing } from "./values.ts"

type ResourcesLayer = NonNullable<RequirementsLayer["resources"]>

/** One thing that is asked of one resource; `whole` is a bare amount or null. */
interface Wish {
  readonly resource: "cpu" | "mem" | "gpu" | "disk"
  readonly part: keyof BoundsGiven
  readonly given: Given
}

const resourceMembers = {
  names: ["cpu", "mem", "gpu", "disk", "requests", "limits"],
  aliases: aliasesOf("resources"),
  hints: { ram: "mem", cores: "cpu", storage: "disk", "ephemeral-storage": "disk" },
  isKnown: isExtendedResource,
} as const
const boundsMembers = { names: ["requests", "limits"], aliases: aliasesOf("resources.*") } as const
const gpuMembers = { names: ["requests", "limits", "type"], aliases: aliasesOf("resources.*") } as const
const entryMembers = {
  names: ["resource_type", "requests", "limits", "type"],
  aliases: aliasesOf("resources.*"),
  hints: { name: "resource_type", resource: "resource_type" },
} as const
const diskMembers = { names: ["requests", "limits"], hints: { size: "requests" } } as const

/** Resources in any of their shapes: a map by resource, a list, Kubernetes' own `{ requests, limits }`, bare amounts. */
export function readResources(given: Given, reading: Reading): ResourcesLayer | undefined {
  const wishes = Array.isArray(given.value) ? wishesOfList(given, reading) : wishesOfMap(given, reading)
  if (wishes === undefined) return undefined
  const [cpu, mem, gpu, disk] = (["cpu", "mem", "gpu", "disk"] as const).map((resource) => {
    const own = wishes.filter((wish) => wish.resource === resource)
    return own.length === 0 ? undefined : gather(own, reading)
  })
  const read = {
    cpu: cpu && readBounds("cpu", cpu, reading),
    mem: mem && readBounds("mem", mem, reading),
    gpu: gpu && readGpu(gpu, reading),
    disk: disk && readDisk(disk, reading),
  }
  return Object.fromEntries(Object.entries(read).filter(([, value]) => !isNothing(value))) as ResourcesLayer
}

function isNothing(value: unknown): boolean {
  return value === undefined || (isJsonObject(value) && Object.keys(value).length === 0)
}

/** One value per part; the same part from two places is an error, and so are two types of GPU. */
function gather(wishes: readonly Wish[], reading: Reading): BoundsGiven {
  const parts = new Map<keyof BoundsGiven, Given>()
  const [type, ...types] = wishes.filter(({ part }) => part === "type").map(({ given }) => given)
  const other = types.find(({ value }) => value !== type?.value)
  if (type !== undefined) parts.set("type", type)
  if (type !== undefined && other !== undefined) {
    const data = { first: String(type.value), second: String(other.value) }
    reading.say("gpu.types", data, { path: other.path })
  }
  for (const { part, given } of wishes.filter((wish) => wish.part !== "type")) {
    const earlier = parts.get(part) ?? parts.get("whole")
    if (earlier === undefined) parts.set(part, given)
    else if (other === undefined) {
      const [first, second] = [formatPath(earlier.path), formatPath(given.path)]
      reading.say("field.twice", { first, second }, { path: given.path })
    }
  }
  return Object.fromEntries(parts)
}

function wishesOfMap(given: Given, reading: Reading): readonly Wish[] | undefined {
  const members = readMembers(given, resourceMembers, reading)
  if (members === undefined) return undefined
  const { requests, limits, cpu, mem, gpu, disk } = members
  const extended = Object.keys(given.value as object).filter(isExtendedResource)
  if (requests !== undefined || limits !== undefined || extended.length > 0) {
    const canonical = "{ cpu: { requests, limits }, mem: …, gpu: … }"
    reading.say("historic.form", { used: "Kubernetes' form of resources", canonical }, { path: given.path })
  }
  return [
    ...(cpu === undefined ? [] : wishesOfOne("cpu", cpu, reading)),
    ...(mem === undefined ? [] : wishesOfOne("mem", mem, reading)),
    ...(gpu === undefined ? [] : wishesOfOne("gpu", gpu, reading)),
    ...extended.flatMap((key) => wishesOfExtended(given, key, reading)),
    ...(requests === undefined ? [] : wishesOfSection("requests", requests, reading)),
    ...(limits === undefined ? [] : wishesOfSection("limits", limits, reading)),
    ...(disk === undefined ? [] : wishesOfDisk(disk, reading)),
  ]
}

function wishesOfOne(resource: "cpu" | "mem" | "gpu", given: Given, reading: Reading): readonly Wish[] {
  if (!isJsonObject(given.value)) return [{ resource, part: "whole", given }]
  const members = readMembers(given, resource === "gpu" ? gpuMembers : boundsMembers, reading) ?? {}
  return Object.entries(members).map(([part, member]) => ({ resource, part: part as keyof BoundsGiven, given: member }))
}

/** `nvidia.com/gpu: 1`, or with bounds. */
function wishesOfExtended(parent: Given, key: string, reading: Reading): readonly Wish[] {
  const value = (parent.value as Record<string, Given["value"]>)[key] ?? null
  const given = { value, path: [...parent.path, key], name: `${parent.name}.gpu` }
  return [...wishesOfOne("gpu", given, reading), typeWish(given, key)]
}

function typeWish(given: Given, type: string): Wish {
  return { resource: "gpu", part: "type", given: { value: type, path: given.path, name: "resources.gpu.type" } }
}

/** Kubernetes' `requests` or `limits`: a map by resource. */
function wishesOfSection(part: "requests" | "limits", given: Given, reading: Reading): readonly Wish[] {
  const entries = readEntries(given, 20, reading) ?? []
  const plain = new Map([
    ["cpu", "cpu"],
    ["memory", "mem"],
    ["mem", "mem"],
    ["gpu", "gpu"],
  ] as const)
  return entries.flatMap(({ key, given: member }): readonly Wish[] => {
    const resource = (plain as ReadonlyMap<string, "cpu" | "mem" | "gpu">).get(key)
    if (resource !== undefined) return [{ resource, part, given: named(member, `resources.${resource}.${part}`) }]
    if (isExtendedResource(key)) {
      return [{ resource: "gpu", part, given: named(member, `resources.gpu.${part}`) }, typeWish(member, key)]
    }
    const code = reading.strictKeys ? "field.unknown" : "field.unknown.kept"
    reading.say(code, { key, ...(key.startsWith("mem") && { suggestion: "memory" }) }, { path: member.path })
    return []
  })
}

/** The form before the page: `[{ resource_type, requests, limits }]`. */
function wishesOfList(given: Given, reading: Reading): readonly Wish[] | undefined {
  const entries = readList(given, { max: 20 }, reading)
  if (entries === undefined) return undefined
  const canonical = "{ cpu: { requests, limits }, mem: …, gpu: … }"
  if (entries.length > 0) reading.say("historic.form", { used: "A list of resources", canonical }, { path: given.path })
  return entries.flatMap((entry): readonly Wish[] => {
    const members = readMembers(entry, entryMembers, reading)
    if (members === undefined) return []
    const { resource_type: kind, ...parts } = members
    if (kind === undefined) sayMissing(entry, "resource_type", reading)
    const allowed = ["cpu", "mem", "memory", "gpu"] as const
    const choice = kind === undefined ? undefined : readChoice(named(kind, ""), { allowed }, reading)
    if (choice === undefined) return []
    const resource = choice === "memory" ? "mem" : choice
    return Object.entries(parts).map(([part, member]) => ({
      resource,
      part: part as keyof BoundsGiven,
      given: named(member, `resources.${resource}.${part}`),
    }))
  })
}

function wishesOfDisk(given: Given, reading: Reading): readonly Wish[] {
  if (!isJsonObject(given.value)) return [{ resource: "disk", part: "whole", given }]
  const members = readMembers(given, diskMembers, reading) ?? {}
  const amount = members.requests ?? members.limits
  if (amount === undefined) {
    reading.say("field.type", { expected: 'a quantity such as "30Gi"', got: kindOf(given.value) }, { path: given.path })
    return []
  }
  reading.say("historic.form", { used: "disk with bounds", canonical: "one size" }, replaceWith(given, amount.value))
  return [{ resource: "disk", part: "whole", given: named(amount, given.name) }]
}

function readDisk({ whole }: BoundsGiven, reading: Reading): string | null | undefined {
  if (whole === undefined || whole.value !== null) return whole && readQuantity(whole, "storage", reading)
  reading.place(whole)
  return null
}

/** A resource name of Kubernetes beyond its own: with a domain, `nvidia.com/gpu`. */
function isExtendedResource(key: string): boolean {
  return key.includes("/") && isLabelKey(key)
}
