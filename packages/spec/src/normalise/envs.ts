import { isPlatformVariable, secretVariable, secretVariables } from "../environment.ts"
import type { FindingContext } from "../finding.ts"
import { isJsonObject } from "../json.ts"
import { isIdentifier, isObjectKey } from "../labels.ts"
import { formatPath, toPointer } from "../path.ts"
import type { RequirementsLayer, SecretRef } from "../requirements.ts"
import { readMembers } from "./members.ts"
import { type Given, isGiven, named, type Reading, removal, replaceWith } from "./reading.ts"
import { type NameRule, readBoolean, readEntries, readList, readName, readText, sayMissing } from "./values.ts"

type EnvsLayer = NonNullable<RequirementsLayer["envs"]>
type EnvEntry = EnvsLayer[number]

const maxVariables = 1000
const maxSecrets = 1000
const envName = /^[-._a-zA-Z][-._a-zA-Z0-9]*$/

const envMembers = {
  names: ["name", "value"],
  hints: { key: "name" },
  isKnown: (key: string) => key === "valueFrom" || key === "value_from",
} as const
const secretMembers = { names: ["name", "env", "optional"], hints: { secret: "name", variable: "env" } } as const
const secretNameRule: NameRule = {
  isValid: isObjectKey,
  rule: "the name of a project secret: letters, digits, -, _ and ., at most 253",
}

interface Variable {
  readonly name: string
  readonly nameGiven: Given
  readonly given: Given
}

/** Variables as a list of `{ name, value }` or as a map; numbers and truth values become text, null removes. */
export function readEnvs(given: Given, reading: Reading): EnvsLayer | undefined {
  const variables = readVariables(given, reading)
  if (variables === undefined) return undefined
  const first = new Map<string, Given>()
  return variables.flatMap(({ name, nameGiven, given: member }): EnvEntry[] => {
    if (!checkName(name, nameGiven, reading)) return []
    const value = member.value === null ? null : readText(member, reading, { coerce: true })
    if (value === null) reading.place(member)
    const other = first.get(name)
    if (other === undefined) first.set(name, nameGiven)
    else reading.say("env.name.duplicate", { name, other: entryOf(other) }, { path: nameGiven.path })
    return value === undefined || other !== undefined ? [] : [{ name, value } as EnvEntry]
  })
}

function readVariables(given: Given, reading: Reading): readonly Variable[] | undefined {
  const { value } = given
  if (isJsonObject(value) && !isSingle(value)) {
    return readEntries(given, maxVariables, reading)?.map(({ key, given: member }) => ({
      name: key,
      nameGiven: member,
      given: member,
    }))
  }
  const entries = readList(given, { max: maxVariables, wrap: isJsonObject, expected: "a list or an object" }, reading)
  return entries?.flatMap((entry) => readVariable(entry, given.name, reading))
}

/** `{ name, value }` alone is one variable, not two that are called so. */
function isSingle(value: object): boolean {
  return Object.keys(value).sort().join() === "name,value"
}

function readVariable(entry: Given, name: string, reading: Reading): readonly Variable[] {
  const members = readMembers(entry, envMembers, reading)
  if (members === undefined) return []
  if (members.name === undefined) sayMissing(entry, "name", reading)
  const elsewhere = Object.keys(entry.value as object).find(envMembers.isKnown)
  if (elsewhere !== undefined) reading.say("env.value_from", { key: elsewhere }, { path: [...entry.path, elsewhere] })
  else if (members.value === undefined) sayMissing(entry, "value", reading)
  if (members.name === undefined || members.value === undefined) return []
  const variable = readText(named(members.name, ""), reading)
  if (variable === undefined) return []
  return [{ name: variable, nameGiven: members.name, given: named(members.value, `${name}.${variable}`) }]
}

function checkName(name: string, given: Given, reading: Reading): boolean {
  const meant = name.replaceAll(/[^A-Za-z0-9_]/g, "_").replace(/^(?=\d)/, "_")
  if (!envName.test(name) || name.length > 1024) {
    const suggestion = isIdentifier(meant) && meant.length <= 64 ? meant : undefined
    const data = { name, ...(suggestion !== undefined && { suggestion }) }
    reading.say("env.name.invalid", data, renaming(given, name, suggestion))
    return false
  }
  if (isPlatformVariable(name)) {
    reading.say("env.name.reserved", { name }, { path: given.path })
    return false
  }
  if (!isIdentifier(name)) reading.say("env.name.unreadable", { name, suggestion: meant }, renaming(given, name, meant))
  return true
}

/** A new name where the name is a value, or the key of a map. */
function renaming(given: Given, name: string, meant: string | undefined): FindingContext {
  if (given.path.at(-1) !== name || meant === undefined) return replaceWith(given, meant)
  const path = toPointer([...given.path.slice(0, -1), meant])
  return { path: given.path, fix: [{ op: "move", from: toPointer(given.path), path }] }
}

/** The entry that a member of it stands in: `envs[0]`. */
function entryOf({ path }: Given): string {
  return formatPath(path.slice(0, -1))
}

/** Names of project secrets, or `{ name, env, optional }`; a single name is a list of one. */
export function readSecrets(given: Given, reading: Reading): readonly SecretRef[] | undefined {
  const wrap = (value: unknown): boolean => typeof value === "string" || isJsonObject(value)
  const entries = readList(given, { max: maxSecrets, wrap }, reading)
  if (entries === undefined) return undefined
  const taken = new Map<string, SecretRef>()
  for (const entry of entries) {
    const secret = readSecret(entry, given.name, reading)
    if (secret !== undefined) addSecret(secret, entry, { taken, reading })
  }
  return [...taken.values()]
}

function addSecret(
  secret: SecretRef,
  entry: Given,
  { taken, reading }: { readonly taken: Map<string, SecretRef>; readonly reading: Reading },
): void {
  const variable = secretVariable(secret)
  const other = taken.get(variable)
  if (other !== undefined && other.name !== secret.name) {
    reading.say("secret.env.duplicate", { variable, secret: secret.name, other: other.name }, { path: entry.path })
  } else if (other !== undefined) {
    reading.say("field.repeated", { value: secret.name }, removal(entry))
  } else if (isPlatformVariable(variable)) {
    reading.say("env.name.reserved", { name: variable }, { path: entry.path })
  } else {
    taken.set(variable, secret)
    const [alias] = Object.keys(secretVariables({ secrets: [secret] })).filter((name) => name !== variable)
    if (alias !== undefined) reading.say("secret.alias", { name: secret.name, alias }, { path: entry.path })
  }
}

function readSecret(entry: Given, field: string, reading: Reading): SecretRef | undefined {
  if (typeof entry.value === "string") {
    const name = readName(named(entry, `${field}.${entry.value}`), secretNameRule, reading)
    return name === undefined ? undefined : { name }
  }
  const members = readMembers(entry, secretMembers, reading)
  if (members === undefined) return undefined
  if (members.name === undefined) sayMissing(entry, "name", reading)
  const name = members.name && readName(named(members.name, ""), secretNameRule, reading)
  const env = isGiven(members.env) && readVariableName(named(members.env, `${field}.${name}.env`), reading)
  const optional =
    isGiven(members.optional) && readBoolean(named(members.optional, `${field}.${name}.optional`), reading)
  if (name === undefined || env === undefined || optional === undefined) return undefined
  reading.place(named(entry, `${field}.${name}`))
  return { name, ...(env !== false && { env }), ...(isGiven(members.optional) && { optional }) }
}

function readVariableName(given: Given, reading: Reading): string | undefined {
  const name = readText(given, reading)
  return name !== undefined && checkName(name, given, reading) ? name : undefined
}
