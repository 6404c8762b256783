import { isPlatformVariable, secretVariable } from "../environment.ts"
import { createFinding, type Finding, type FindingContext } from "../finding.ts"
import { type Path, toPointer } from "../path.ts"
import type { LayerName, Origin, Provenance } from "../provenance.ts"
import { compareQuantities, parseQuantity } from "../quantity.ts"
import type { Requirements } from "../requirements.ts"

/** What only shows when the layers are together. A value that another layer set carries its layer and no fix. */
export function findConflicts(requirements: Requirements, provenance: Provenance): readonly Finding[] {
  return [
    ...mountPathConflicts(requirements, provenance),
    ...diskConflicts(requirements, provenance),
    ...variableConflicts(requirements, provenance),
    ...secretConflicts(requirements, provenance),
    ...boundConflicts(requirements, provenance),
  ]
}

function mountPathConflicts(requirements: Requirements, provenance: Provenance): readonly Finding[] {
  const first = new Map<string, string>()
  return (requirements.volumes ?? []).flatMap((volume) => {
    const mountPath = canonicalMountPath(volume.mountPath)
    const other = first.get(mountPath)
    if (other === undefined) {
      first.set(mountPath, volume.name)
      return []
    }
    const pair = blame(provenance, `volumes.${volume.name}.mount_path`, `volumes.${other}.mount_path`)
    const names = pair.swapped ? { volume: other, other: volume.name } : { volume: volume.name, other }
    return [createFinding("volume.mount_path.duplicate", { mountPath, ...names, ...pair.layers }, pair.context)]
  })
}

/** Where `resources.disk` is mounted. */
const diskMountPath = "/shared"

function diskConflicts({ resources, volumes = [] }: Requirements, provenance: Provenance): readonly Finding[] {
  if (resources?.disk === undefined) return []
  return volumes.flatMap(({ name, mountPath }) => {
    if (canonicalMountPath(mountPath) !== diskMountPath) return []
    const pair = blame(provenance, `volumes.${name}.mount_path`, "resources.disk")
    const data = { mountPath: diskMountPath, volume: name, ...pair.layers }
    return [createFinding("resources.disk.mount_path", data, pair.context)]
  })
}

function canonicalMountPath(path: string): string {
  const parts = path.split("/").filter((part) => part !== "" && part !== ".")
  return `/${parts.join("/")}`
}

function variableConflicts(requirements: Requirements, provenance: Provenance): readonly Finding[] {
  const secrets = new Map((requirements.secrets ?? []).map((secret) => [secretVariable(secret), secret.name]))
  return (requirements.envs ?? []).flatMap(({ name }): readonly Finding[] => {
    const leaf = `envs.${name}`
    if (isPlatformVariable(name)) {
      return [createFinding("env.name.reserved", { name, ...layerOf(provenance[leaf]) }, removal(provenance[leaf]))]
    }
    const secret = secrets.get(name)
    if (secret === undefined) return []
    const pair = blame(provenance, leaf, `secrets.${secret}`)
    const context = pair.swapped ? pair.context : { ...pair.context, ...removal(provenance[leaf]) }
    return [createFinding("env.name.secret", { name, secret, ...pair.layers }, context)]
  })
}

function secretConflicts(requirements: Requirements, provenance: Provenance): readonly Finding[] {
  const first = new Map<string, string>()
  return (requirements.secrets ?? []).flatMap((secret): readonly Finding[] => {
    const variable = secretVariable(secret)
    const origin = provenance[`secrets.${secret.name}`]
    if (isPlatformVariable(variable)) {
      return [createFinding("env.name.reserved", { name: variable, ...layerOf(origin) }, place(origin))]
    }
    const other = first.get(variable)
    if (other !== undefined) {
      return [
        createFinding(
          "secret.env.duplicate",
          { variable, secret: secret.name, other, ...layerOf(origin) },
          place(origin),
        ),
      ]
    }
    first.set(variable, secret.name)
    return []
  })
}

function boundConflicts(requirements: Requirements, provenance: Provenance): readonly Finding[] {
  return (["cpu", "mem"] as const).flatMap((resource) => {
    const { requests, limits } = requirements.resources?.[resource] ?? {}
    const least = requests === undefined ? undefined : parseQuantity(requests)
    const most = limits === undefined ? undefined : parseQuantity(limits)
    if (requests === undefined || limits === undefined || least === undefined || most === undefined) return []
    if (compareQuantities(least, most) <= 0) return []
    const leaves = [`resources.${resource}.requests`, `resources.${resource}.limits`] as const
    if (provenance[leaves[0]]?.layer === provenance[leaves[1]]?.layer) return []
    const pair = blame(provenance, ...leaves)
    return [createFinding("resources.layers.conflict", { resource, requests, limits, ...pair.layers }, pair.context)]
  })
}

interface Blame {
  readonly layers: { readonly layer?: LayerName; readonly otherLayer?: LayerName }
  readonly context: FindingContext
  /** The second of the two is at fault. */
  readonly swapped: boolean
}

/** Of two leaves that exclude each other, the one that the user can change: the run's own, else the first. */
function blame(provenance: Provenance, leaf: string, other: string): Blame {
  const [origin, second] = [provenance[leaf], provenance[other]]
  const swapped = origin?.layer !== "run" && second?.layer === "run"
  const [at, against] = swapped ? [second, origin] : [origin, second]
  const otherLayer = against === undefined || against.layer === at?.layer ? {} : { otherLayer: against.layer }
  return { layers: { ...layerOf(at), ...otherLayer }, context: place(at), swapped }
}

/** Absent for the run's own values. */
function layerOf(origin: Origin | undefined): { readonly layer?: LayerName } {
  return origin === undefined || origin.layer === "run" ? {} : { layer: origin.layer }
}

function place(origin: Origin | undefined): FindingContext {
  return origin === undefined ? {} : { path: origin.path }
}

function removal(origin: Origin | undefined): FindingContext {
  if (origin === undefined || origin.layer !== "run") return place(origin)
  return { path: origin.path, fix: [{ op: "remove", path: toPointer(wholeEntry(origin.path)) }] }
}

/** `envs[0].value` → `envs[0]`. */
function wholeEntry(path: Path): Path {
  return typeof path.at(-2) === "number" ? path.slice(0, -1) : path
}
