import { isDnsSubdomain, isObjectKey, toDnsLabel } from "../labels.ts"
import type { KeyToPath, Volume, VolumeType } from "../requirements.ts"
import { type Members, type MemberTable, readMembers } from "./members.ts"
import { readSubPath } from "./mounts.ts"
import { readQuantity } from "./quantity.ts"
import { type Given, isGiven, named, type Reading, removeOperation, show } from "./reading.ts"
import { type NameRule, readBoolean, readChoice, readInteger, readList, readName, sayMissing } from "./values.ts"

type VolumeSpec = Volume["spec"]

/** Where a volume's `spec` stands, if it has one, and what can stand in for it. */
export interface SpecGiven {
  readonly given: Given | undefined
  readonly volume: Given
  /** The volume's `name` as given. */
  readonly fallback: Given | undefined
  /** The volume's name, when it is valid. */
  readonly name: string | undefined
}

type SpecMember =
  | "claim_name"
  | "size"
  | "storage_class"
  | "name"
  | "secret_name"
  | "items"
  | "optional"
  | "size_limit"
  | "medium"
  | "image"

interface Spec extends SpecGiven {
  readonly type: VolumeType
  readonly members: Members<SpecMember>
  /** The spec itself, or the place where it would be. */
  readonly at: Given
}

const defaultSize = "2Gi"
const maxItems = 1000

const objectNameRule: NameRule = {
  isValid: isDnsSubdomain,
  rule: "a name that Kubernetes allows: lower-case letters, digits, - and ., at most 253",
  suggest: toDnsLabel,
}

const imageRule: NameRule = {
  isValid: (text) => /^[^\s]{1,1024}$/.test(text),
  rule: "an image reference",
}

const tables: Record<VolumeType, MemberTable<SpecMember>> = {
  persistent_volume_claim: {
    names: ["claim_name", "size", "storage_class"],
    hints: { name: "claim_name", claim: "claim_name", size_limit: "size" },
  },
  config_map: { names: ["name", "items", "optional"], hints: { config_map_name: "name", claim_name: "name" } },
  secret: { names: ["secret_name", "items", "optional"], hints: { name: "secret_name", secret: "secret_name" } },
  empty_dir: { names: ["size_limit", "medium"], hints: { size: "size_limit" } },
  ephemeral: { names: ["size", "storage_class"], hints: { size_limit: "size" } },
  shared_volume: { names: ["claim_name"], hints: { name: "claim_name", claim: "claim_name" } },
  image: { names: ["image"], hints: { reference: "image", name: "image" } },
}

/** Reads the `spec` that belongs to a type; an absent one falls back to the volume's name where that can be. */
export function readVolumeSpec(type: VolumeType, spec: SpecGiven, reading: Reading): VolumeSpec | undefined {
  const empty: Given = { value: {}, path: [...spec.volume.path, "spec"], name: `${spec.volume.name}.spec` }
  const at = spec.given === undefined || spec.given.value === null ? empty : spec.given
  const members = readMembers(at, tables[type], reading)
  return members === undefined ? undefined : readers[type]({ ...spec, type, members, at }, reading)
}

const readers: Record<VolumeType, (spec: Spec, reading: Reading) => VolumeSpec | undefined> = {
  persistent_volume_claim(spec, reading) {
    const { claim_name: claim, size, storage_class: storageClass } = spec.members
    if (claim !== undefined && size !== undefined) {
      const data = { claim: show(claim.value), size: show(size.value) }
      reading.say("volume.claim_and_size", data, { path: size.path, fix: [removeOperation(size)] })
      return undefined
    }
    if (size !== undefined) return readManaged(spec, reading)
    if (storageClass !== undefined) {
      sayMissing(spec.at, "size", reading)
      return undefined
    }
    return readClaim(spec, reading)
  },
  config_map: (spec, reading) => readSource(spec, "name", reading),
  secret: (spec, reading) => readSource(spec, "secret_name", reading),
  empty_dir({ members }, reading) {
    const { size_limit: limit, medium: kind } = members
    const sizeLimit = isGiven(limit) ? readQuantity(limit, "storage", reading) : undefined
    const allowed = ["", "Memory"] as const
    const medium = isGiven(kind)
      ? readChoice(kind, { allowed, hints: { ram: "Memory", tmpfs: "Memory" } }, reading)
      : undefined
    if (isGiven(limit) && sizeLimit === undefined) return undefined
    if (isGiven(kind) && medium === undefined) return undefined
    return { ...(sizeLimit !== undefined && { sizeLimit }), ...(medium !== undefined && { medium }) }
  },
  ephemeral(spec, reading) {
    if (isGiven(spec.members.size)) return readManaged(spec, reading)
    reading.say("volume.size_default", { size: defaultSize }, { path: spec.volume.path })
    reading.place(named(spec.volume, `${spec.at.name}.size`))
    const storageClass = readStorageClass(spec, reading)
    return { size: defaultSize, ...(storageClass !== undefined && { storageClass }) }
  },
  shared_volume: readClaim,
  image({ members, at }, reading) {
    if (members.image === undefined) sayMissing(at, "image", reading)
    const image = members.image && readName(members.image, imageRule, reading)
    return image === undefined ? undefined : { image }
  },
}

function readClaim(spec: Spec, reading: Reading): VolumeSpec | undefined {
  const claimName = readObjectName(spec, "claim_name", reading)
  return claimName === undefined ? undefined : { claimName }
}

function readManaged(spec: Spec, reading: Reading): VolumeSpec | undefined {
  const size = spec.members.size && readQuantity(spec.members.size, "storage", reading)
  const storageClass = readStorageClass(spec, reading)
  if (size === undefined || (isGiven(spec.members.storage_class) && storageClass === undefined)) return undefined
  return { size, ...(storageClass !== undefined && { storageClass }) }
}

function readStorageClass({ members }: Spec, reading: Reading): string | undefined {
  const { storage_class: storageClass } = members
  return isGiven(storageClass) ? readName(storageClass, objectNameRule, reading) : undefined
}

/** The name of an object in the cluster, or else the volume's own name. */
function readObjectName(
  spec: Spec,
  field: "claim_name" | "name" | "secret_name",
  reading: Reading,
): string | undefined {
  const given = spec.members[field]
  if (isGiven(given)) return readName(given, objectNameRule, reading)
  if (spec.name === undefined || spec.fallback === undefined) return undefined
  reading.say("volume.name_used", { field, name: spec.name }, { path: spec.fallback.path })
  reading.place(named(spec.fallback, `${spec.at.name}.${field}`))
  return spec.name
}

function readSource(spec: Spec, field: "name" | "secret_name", reading: Reading): VolumeSpec | undefined {
  const { items: list, optional: flag } = spec.members
  const name = readObjectName(spec, field, reading)
  const items = isGiven(list) ? readItems(list, reading) : undefined
  const optional = isGiven(flag) ? readBoolean(flag, reading) : undefined
  if (name === undefined || (isGiven(list) && items === undefined)) return undefined
  const rest = { ...(items !== undefined && { items }), ...(optional !== undefined && { optional }) }
  return field === "name" ? { name, ...rest } : { secretName: name, ...rest }
}

const itemMembers = { names: ["key", "path", "mode"] } as const
const keyRule: NameRule = { isValid: isObjectKey, rule: "a key: letters, digits, -, _ and ., at most 253" }

/** `[{ key, path, mode }]`; an invalid entry makes the list unusable. */
function readItems(given: Given, reading: Reading): readonly KeyToPath[] | undefined {
  const entries = readList(
    given,
    { max: maxItems, wrap: (value) => typeof value === "object" && value !== null },
    reading,
  )
  const items = entries?.map((entry) => readItem(entry, reading))
  return items?.every((item) => item !== undefined) === true ? items : undefined
}

function readItem(entry: Given, reading: Reading): KeyToPath | undefined {
  const members = readMembers(entry, itemMembers, reading)
  if (members === undefined) return undefined
  if (members.key === undefined) sayMissing(entry, "key", reading)
  if (members.path === undefined) sayMissing(entry, "path", reading)
  const key = members.key && readName(members.key, keyRule, reading)
  const path = members.path && readSubPath(members.path, reading)
  const mode = isGiven(members.mode) ? readMode(members.mode, reading) : undefined
  if (key === undefined || path === undefined || (isGiven(members.mode) && mode === undefined)) return undefined
  return { key, path, ...(mode !== undefined && { mode }) }
}

/** Permission bits; a text with a leading zero is octal, as everybody writes them. */
function readMode(given: Given, reading: Reading): number | undefined {
  const range = { min: 0, max: 0o777 }
  const { value } = given
  if (typeof value !== "string" || !/^0o?[0-7]{3,4}$/.test(value)) return readInteger(given, range, reading)
  const mode = Number.parseInt(value.replace("o", ""), 8)
  reading.say("field.coerced", { from: `The text "${value}"`, to: `the octal number ${mode}` }, { path: given.path })
  return readInteger({ ...given, value: mode }, range, reading)
}
