import { parseDuration } from "../duration.ts"
import { isJsonObject, type JsonObject } from "../json.ts"
import { isDnsSubdomain, isLabelValue, isServiceName, toDnsLabel } from "../labels.ts"
import { formatPath } from "../path.ts"
import type { RequirementsLayer, ServicePort } from "../requirements.ts"
import { servicePortSchema } from "../schema/schema.ts"
import { readMembers } from "./members.ts"
import { type Given, kindOf, named, type Reading, replaceWith } from "./reading.ts"
import { readShape } from "./shape.ts"
import { type NameRule, readInteger, readList, readName, readText } from "./values.ts"

const maxId = 2 ** 31 - 1
const maxRetries = 100
const maxPorts = 100

const profileRule: NameRule = {
  isValid: (text) => text !== "" && isLabelValue(text),
  rule: "the name of a profile: letters, digits, -, _ and ., at most 63",
}
const classRule: NameRule = {
  isValid: isDnsSubdomain,
  rule: "a name that Kubernetes allows: lower-case letters, digits, - and ., at most 253",
  suggest: toDnsLabel,
}
const serviceRule: NameRule = {
  isValid: isServiceName,
  rule: "the name of a service: lower-case letters, digits and -, beginning with a letter, at most 63",
  suggest: toDnsLabel,
}

/** An empty name, as forms send it, is none. */
function readOptionalName(rule: NameRule) {
  return (given: Given, reading: Reading): string | undefined =>
    given.value === "" ? undefined : readName(given, rule, reading)
}

export const readProfile = readOptionalName(profileRule)
export const readClass = readOptionalName(classRule)
export const readServiceName = readOptionalName(serviceRule)

/** Reads the members of a small record one by one; null removes what was inherited. */
function readRecord<Name extends string, Value>(
  given: Given,
  members: { readonly names: readonly Name[]; readonly read: (member: Given, reading: Reading) => Value | undefined },
  reading: Reading,
): Partial<Record<Name, Value | null>> | undefined {
  const found = readMembers(given, members, reading)
  if (found === undefined) return undefined
  const record: Partial<Record<Name, Value | null>> = {}
  for (const [name, member] of Object.entries(found) as [Name, Given][]) {
    if (member.value === null) reading.place(member)
    const value = member.value === null ? null : members.read(member, reading)
    if (value !== undefined) record[name] = value
  }
  return record
}

const securityNames = ["run_as_user", "run_as_group", "fs_group"] as const
type Security = NonNullable<RequirementsLayer["securityContext"]>

export function readSecurityContext(given: Given, reading: Reading): Security | undefined {
  const members = { names: securityNames, read: readId }
  const record = readRecord(given, members, reading)
  return record && toSecurity(record)
}

/** `run_as_user` and its like at the top of the spec, as today's clients send them. */
export function readFlatSecurity(flat: Readonly<Record<string, Given | undefined>>, reading: Reading): Security {
  const record: Partial<Record<(typeof securityNames)[number], number | null>> = {}
  for (const name of securityNames) {
    const given = flat[name]
    if (given === undefined) continue
    const member = named(given, `security_context.${name}`)
    if (given.value === null) reading.place(member)
    const value = given.value === null ? null : readId(member, reading)
    if (value !== undefined) record[name] = value
  }
  return toSecurity(record)
}

function readId(given: Given, reading: Reading): number | undefined {
  return readInteger(given, { min: 0, max: maxId }, reading)
}

function toSecurity(record: Partial<Record<(typeof securityNames)[number], number | null>>): Security {
  const { run_as_user: runAsUser, run_as_group: runAsGroup, fs_group: fsGroup } = record
  return {
    ...(runAsUser !== undefined && { runAsUser }),
    ...(runAsGroup !== undefined && { runAsGroup }),
    ...(fsGroup !== undefined && { fsGroup }),
  }
}

export function readTimeouts(given: Given, reading: Reading): RequirementsLayer["timeouts"] | undefined {
  return readRecord(given, { names: ["queued", "running"], read: readDuration }, reading)
}

function readDuration(given: Given, reading: Reading): string | undefined {
  const { value } = given
  if (typeof value === "number") return sayDuration(given, String(value), reading)
  const text = readText(given, reading)
  if (text === undefined || parseDuration(text) !== undefined) return text
  return sayDuration(given, text, reading)
}

function sayDuration(given: Given, value: string, reading: Reading): undefined {
  const meant = /^\d+$/.test(value) ? `${value}s` : value.toLowerCase().replaceAll(/\s+/g, "")
  const suggestion = parseDuration(meant) === undefined ? undefined : meant
  const data = { value, ...(suggestion !== undefined && { suggestion }) }
  reading.say("duration.invalid", data, replaceWith(given, suggestion))
}

export function readRetries(given: Given, reading: Reading): RequirementsLayer["retries"] | undefined {
  if (typeof given.value === "number") {
    const expected = "an object such as { user: 2 }"
    reading.say("field.type", { expected, got: "a number" }, replaceWith(given, { user: given.value }))
    return undefined
  }
  const members = { names: ["user", "infrastructure", "out_of_memory"] as const, read: readCount }
  const record = readRecord(given, members, reading)
  if (record === undefined) return undefined
  const { out_of_memory: outOfMemory, ...rest } = record
  return { ...rest, ...(outOfMemory !== undefined && { outOfMemory }) }
}

function readCount(given: Given, reading: Reading): number | undefined {
  return readInteger(given, { min: 0, max: maxRetries }, reading)
}

/** `backoff_limit` of the page: how often the user's own failure is tried again. */
export function readBackoffLimit(given: Given, reading: Reading): number | null | undefined {
  const place = named(given, "retries.user")
  if (given.value === null) reading.place(place)
  const user = given.value === null ? null : readCount(place, reading)
  if (user !== undefined) {
    reading.say("historic.form", { used: "backoff_limit", canonical: "retries: { user }" }, { path: given.path })
  }
  return user
}

/** `[{ port, target_port }]`; a single one is a list of one. */
export function readServicePorts(given: Given, reading: Reading): readonly ServicePort[] | undefined {
  const entries = readList(given, { max: maxPorts, wrap: isJsonObject }, reading)
  const ports: ServicePort[] = []
  for (const entry of entries ?? []) {
    const place = named(entry, `${given.name}.${ports.length}`)
    const port = readShape({ schema: servicePortSchema, hooks: new Map() }, place, reading) as ServicePort | undefined
    const other = ports.findIndex((earlier) => earlier.port === port?.port)
    if (port !== undefined && other >= 0) {
      const data = { port: port.port, other: formatPath([...given.path, other]) }
      reading.say("service.port.duplicate", data, { path: entry.path })
    } else if (port !== undefined) ports.push(port)
  }
  return entries && ports
}

export function readReplicas(given: Given, reading: Reading): number | undefined {
  return readInteger(given, { min: 0, max: 10_000 }, reading)
}

/** Any object: what is in it is for the cluster to judge, and for a policy to allow. */
export function readPodPatch(given: Given, reading: Reading): JsonObject | undefined {
  if (isJsonObject(given.value)) {
    reading.place(given)
    const isRefused = reading.findings.some(({ severity, path }) => severity === "error" && path?.[0] === given.path[0])
    return isRefused ? undefined : given.value
  }
  reading.say("field.type", { expected: "an object", got: kindOf(given.value) }, { path: given.path })
  return undefined
}
