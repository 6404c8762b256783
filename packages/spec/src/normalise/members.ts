import { didYouMean } from "../did-you-mean.ts"
import { isJsonObject } from "../json.ts"
import { toPointer } from "../path.ts"
import { toCamelCase } from "../wire-name.ts"
import { type Given, kindOf, type Reading, within } from "./reading.ts"

/** The members that an object may have. */
export interface MemberTable<Name extends string> {
  /** Canonical wire names; their camelCase spelling is read as well. */
  readonly names: readonly Name[]
  /** Historic keys: used → canonical, reported as `historic.alias`. */
  readonly aliases?: ReadonlyMap<string, string>
  /** Keys that mean something else here: what to suggest. */
  readonly hints?: Readonly<Record<string, Name>>
  /** Keys that are no member of ours and no mistake. */
  readonly isKnown?: (key: string) => boolean
  /** Further words that a mistyped key may stand for. */
  readonly suggestions?: readonly string[]
}

/** Whoever has more problems than this has another document in hand, and guessing costs time. */
const maxSuggestions = 100

export type Members<Name extends string> = Readonly<Partial<Record<Name, Given>>>

/** Reads an object's members by canonical name; what is unknown, an alias or given twice is reported. */
export function readMembers<Name extends string>(
  given: Given,
  table: MemberTable<Name>,
  reading: Reading,
): Members<Name> | undefined {
  if (!isJsonObject(given.value)) {
    reading.say("field.type", { expected: "an object", got: kindOf(given.value) }, { path: given.path })
    return undefined
  }
  const spellings = spellingsOf(table.names)
  const found = new Map<Name, Given>()
  const aliases = new Set<string>()
  for (const key of Object.keys(given.value)) {
    if (key === "__proto__") continue
    const name = spellings.get(key) ?? (table.aliases?.get(key) as Name | undefined)
    if (name !== undefined)
      addMember({ key, name, isAlias: !spellings.has(key) }, { found, aliases }, { given, reading })
    else if (table.isKnown?.(key) !== true) reportUnknown(key, table, { given, reading })
  }
  for (const key of aliases) {
    const canonical = table.aliases?.get(key) ?? key
    reading.say(
      "historic.alias",
      { used: key, canonical },
      { path: [...given.path, key], ...rename(given, key, canonical) },
    )
  }
  return Object.fromEntries(found) as Members<Name>
}

interface Place {
  readonly given: Given
  readonly reading: Reading
}

function addMember<Name extends string>(
  { key, name, isAlias }: { readonly key: string; readonly name: Name; readonly isAlias: boolean },
  { found, aliases }: { readonly found: Map<Name, Given>; readonly aliases: Set<string> },
  { given, reading }: Place,
): void {
  const member = within(given, key, name)
  const earlier = found.get(name)
  if (earlier === undefined) {
    found.set(name, member)
    if (isAlias) aliases.add(key)
    return
  }
  const first = String(earlier.path.at(-1))
  const wins = aliases.delete(first) && !isAlias
  if (wins) found.set(name, member)
  reading.say("field.twice", { first, second: key }, { path: wins ? earlier.path : member.path })
}

function rename(given: Given, key: string, name: string) {
  const from = toPointer([...given.path, key])
  return { fix: [{ op: "move", from, path: toPointer([...given.path, name]) }] } as const
}

function reportUnknown<Name extends string>(key: string, table: MemberTable<Name>, { given, reading }: Place): void {
  const suggestion = reading.findings.length < maxSuggestions ? suggest(key, table) : undefined
  const free = suggestion !== undefined && !Object.hasOwn(given.value as object, suggestion)
  const data = { key, ...(suggestion !== undefined && { suggestion }) }
  const context = { path: [...given.path, key], ...(free && rename(given, key, suggestion)) }
  reading.say(reading.strictKeys ? "field.unknown" : "field.unknown.kept", data, context)
}

/** In the case that the author uses. */
function suggest<Name extends string>(key: string, table: MemberTable<Name>): string | undefined {
  const hints = new Map(Object.entries<string>(table.hints ?? {}))
  const aliases = table.aliases ?? new Map<string, string>()
  const candidates = [...table.names, ...aliases.keys(), ...(table.suggestions ?? [])]
  const near = hints.get(key) ?? hints.get(key.toLowerCase()) ?? didYouMean(key, candidates)
  const suggestion = aliases.get(near ?? "") ?? near
  const isOurs = suggestion !== undefined && (table.names as readonly string[]).includes(suggestion)
  return isOurs && /[a-z][A-Z]/.test(key) ? toCamelCase(suggestion) : suggestion
}

const spellingTables = new WeakMap<readonly string[], ReadonlyMap<string, string>>()

function spellingsOf<Name extends string>(names: readonly Name[]): ReadonlyMap<string, Name> {
  const cached = spellingTables.get(names)
  const table = cached ?? new Map(names.flatMap((name) => [[name, name] as const, [toCamelCase(name), name] as const]))
  if (cached === undefined) spellingTables.set(names, table)
  return table as ReadonlyMap<string, Name>
}
