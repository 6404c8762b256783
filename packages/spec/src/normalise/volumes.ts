import { isJsonObject } from "../json.ts"
import { isDnsLabel, toDnsLabel } from "../labels.ts"
import { formatPath } from "../path.ts"
import { type RequirementsLayer, type Volume, type VolumeType, volumeTypes } from "../requirements.ts"
import { type Members, readMembers } from "./members.ts"
import { checkMounts, readMountPath, readSubPath } from "./mounts.ts"
import { type Given, isGiven, named, type Reading } from "./reading.ts"
import { type NameRule, readBoolean, readChoice, readList, readName, sayMissing } from "./values.ts"
import { readVolumeSpec } from "./volume-spec.ts"

type VolumesLayer = NonNullable<RequirementsLayer["volumes"]>
type VolumeEntry = VolumesLayer[number]

const maxVolumes = 100

const volumeMembers = {
  names: ["volume_type", "name", "mount_path", "spec", "read_only", "sub_path"],
  hints: { type: "volume_type", kind: "volume_type", path: "mount_path", mountpoint: "mount_path" },
} as const

/** Words of Kubernetes and of habit for the types. */
const typeHints = {
  pvc: "persistent_volume_claim",
  claim: "persistent_volume_claim",
  cm: "config_map",
  emptydir: "empty_dir",
} as const satisfies Record<string, VolumeType>

const nameRule: NameRule = {
  isValid: isDnsLabel,
  rule: "a DNS label: lower-case letters, digits and -, at most 63",
  suggest: toDnsLabel,
}

/** Types that Kubernetes mounts read-only whatever is asked. */
const readOnlyTypes: ReadonlySet<VolumeType> = new Set<VolumeType>(["config_map", "secret", "image"])

/** A list of volumes; a single one is a list of one. `volume_type: null` removes the inherited volume of that name. */
export function readVolumes(given: Given, reading: Reading): VolumesLayer | undefined {
  const entries = readList(given, { max: maxVolumes, wrap: isJsonObject }, reading)
  if (entries === undefined) return undefined
  const seen = new Map<string, Given>()
  const mounts: { readonly volume: Volume; readonly given: Given }[] = []
  const volumes = entries.flatMap((entry, index): VolumeEntry[] => {
    const read = readVolume(entry, { parent: given, index }, reading)
    if (read === undefined) return []
    const other = seen.get(read.volume.name)
    if (other !== undefined) {
      const data = { name: read.volume.name, other: formatPath(other.path) }
      reading.say("volume.name.duplicate", data, { path: read.nameGiven.path })
      return []
    }
    seen.set(read.volume.name, entry)
    if (read.volume.volumeType !== null && read.mount !== undefined)
      mounts.push({ volume: read.volume, given: read.mount })
    return [read.volume]
  })
  const refused = checkMounts(mounts, reading)
  return volumes.filter((volume) => !refused.has(volume))
}

interface ReadVolume {
  readonly volume: VolumeEntry
  readonly nameGiven: Given
  readonly mount?: Given | undefined
}

function readVolume(
  entry: Given,
  { parent, index }: { readonly parent: Given; readonly index: number },
  reading: Reading,
): ReadVolume | undefined {
  const label = isJsonObject(entry.value) && typeof entry.value.name === "string" ? entry.value.name : index
  const given = named(entry, `${parent.name}.${label}`)
  const members = readMembers(given, volumeMembers, reading)
  if (members === undefined) return undefined
  if (members.name === undefined) sayMissing(given, "name", reading)
  const name = members.name && readName(members.name, nameRule, reading)
  if (members.volume_type?.value === null) {
    return name === undefined || members.name === undefined
      ? undefined
      : { volume: { name, volumeType: null }, nameGiven: members.name }
  }
  const volume = readBody(given, members, { name, reading })
  if (name === undefined || volume === undefined || members.name === undefined) return undefined
  return { volume: { name, ...volume } as Volume, nameGiven: members.name, mount: members.mount_path }
}

type VolumeMembers = Members<(typeof volumeMembers.names)[number]>

/** Everything but the name; all of it is read even where a part cannot be used. */
function readBody(
  given: Given,
  members: VolumeMembers,
  { name, reading }: { readonly name: string | undefined; readonly reading: Reading },
): Omit<Volume, "name"> | undefined {
  if (members.volume_type === undefined) sayMissing(given, "volume_type", reading)
  if (members.mount_path === undefined) sayMissing(given, "mount_path", reading)
  const volumeType =
    members.volume_type && readChoice(members.volume_type, { allowed: volumeTypes, hints: typeHints }, reading)
  const mountPath = members.mount_path && readMountPath(members.mount_path, reading)
  const readOnly = members.read_only && readReadOnly(members.read_only, volumeType, reading)
  const subPath = isGiven(members.sub_path) ? readSubPath(members.sub_path, reading) : undefined
  const spec =
    volumeType &&
    readVolumeSpec(volumeType, { given: members.spec, volume: given, fallback: members.name, name }, reading)
  if (volumeType === undefined || mountPath === undefined || spec === undefined) return undefined
  if (isGiven(members.sub_path) && subPath === undefined) return undefined
  return {
    volumeType,
    mountPath,
    ...(readOnly !== undefined && { readOnly }),
    ...(subPath !== undefined && { subPath }),
    spec,
  } as Omit<Volume, "name">
}

function readReadOnly(given: Given, type: VolumeType | undefined, reading: Reading): boolean | undefined {
  if (given.value === null) return undefined
  const readOnly = readBoolean(given, reading)
  if (readOnly === false && type !== undefined && readOnlyTypes.has(type)) {
    reading.say("volume.read_only_always", { type }, { path: given.path })
  }
  return readOnly
}
