import { chmodSync, lstatSync, mkdirSync, rmSync, statSync, writeFileSync } from "node:fs"
import { basename, dirname, join } from "node:path"
import { type Attempt, type JsonObject, parseQuantity, toUnits, type Volume } from "@berth/spec"
import { LaunchBlocked } from "../engine.ts"
import { findObject } from "../objects.ts"
import { atOrigin, writtenAt } from "../origin.ts"
import type { Places } from "../places.ts"
import { claimFolder, ensureClaim, managedFolder } from "./claim.ts"
import type { PreparedVolume, VolumeContent } from "./prepared.ts"
import { projectFiles } from "./projection.ts"
import { escapes, resolveInside, toFolderName } from "./sub-path.ts"

export interface VolumeRequest {
  readonly attempt: Attempt
  readonly places: Places
  readonly objects: readonly JsonObject[]
  /** True where memory can be mounted at a volume's path. */
  readonly mounts: boolean
  /** A folder of the host that is memory, this attempt's own; undefined: secrets go to disk. */
  readonly memory: string | undefined
}

/** Puts the files of every volume in place. Nothing of an earlier, cut short try is kept but claims. */
export async function prepareVolumes(request: VolumeRequest): Promise<readonly PreparedVolume[]> {
  const { places, memory } = request
  rmSync(places.volumes, { recursive: true, force: true })
  if (memory !== undefined) {
    rmSync(memory, { recursive: true, force: true })
    mkdirSync(memory, { mode: 0o700 })
  }
  const prepared: PreparedVolume[] = []
  for (const volume of volumesOf(request.attempt)) {
    if (volume.volumeType !== "image") prepared.push(await prepareVolume(volume, request))
  }
  return withMountPoints(prepared)
}

/** The volumes asked for, with `resources.disk` as the scratch volume at `/shared` that it stands for. */
function volumesOf(attempt: Attempt): readonly Volume[] {
  const volumes = attempt.requirements.volumes ?? []
  const size = attempt.requirements.resources?.disk
  if (size === undefined || volumes.some(({ mountPath }) => mountPath === "/shared")) return volumes
  return [...volumes, { volumeType: "ephemeral", name: "berth-disk", mountPath: "/shared", spec: { size } }]
}

async function prepareVolume(volume: Exclude<Volume, { volumeType: "image" }>, request: VolumeRequest) {
  const content = await prepareContent(volume, request)
  const projected = volume.volumeType === "config_map" || volume.volumeType === "secret"
  return {
    name: volume.name,
    mountPath: volume.mountPath,
    readOnly: projected || volume.readOnly === true,
    content: volume.subPath === undefined ? content : inside(content, volume.subPath),
    ...scratchLimit(volume),
  }
}

/** Only an empty_dir's size ends a run; a claim's size is what it offers, and more is refused by the disk. */
function scratchLimit(volume: Volume): { readonly limitBytes?: number } {
  const size = volume.volumeType === "empty_dir" ? volume.spec.sizeLimit : undefined
  const quantity = size === undefined ? undefined : parseQuantity(size)
  return quantity === undefined ? {} : { limitBytes: toUnits(quantity) }
}

function inside(content: VolumeContent, subPath: string): VolumeContent {
  if (content.form === "memory") return content
  const path = resolveInside(content.path, subPath)
  return { form: "host", path, directory: statSync(path).isDirectory() }
}

async function prepareContent(
  volume: Exclude<Volume, { volumeType: "image" }>,
  request: VolumeRequest,
): Promise<VolumeContent> {
  const { attempt, places, objects } = request
  switch (volume.volumeType) {
    case "persistent_volume_claim":
      if ("claimName" in volume.spec) return prepareClaim(volume.name, volume.spec.claimName, request)
      return makeFolder(join(managedFolder(places.data, attempt.project, attempt.run), toFolderName(volume.name)))
    case "shared_volume":
      return prepareClaim(volume.name, volume.spec.claimName, request)
    case "config_map":
    case "secret":
      return writeFiles(volume, projectFiles(volume, objects).files, request)
    case "empty_dir":
      return prepareEmptyDir(volume.name, volume.spec, request)
    case "ephemeral":
      return makeFolder(join(places.volumes, toFolderName(volume.name)))
  }
}

async function prepareClaim(volume: string, claim: string, request: VolumeRequest): Promise<VolumeContent> {
  const { attempt, places, objects } = request
  const folder = claimFolder(places.data, attempt.project, claim)
  await ensureClaim(folder, places.data, findObject(objects, "PersistentVolumeClaim", claim)).catch(
    (error: unknown) => {
      if (!(error instanceof LaunchBlocked)) throw error
      const path = `volumes.${volume}`
      throw new LaunchBlocked(atOrigin(error.finding, writtenAt(attempt, [`${path}.spec.claim_name`, path])))
    },
  )
  return { form: "host", path: folder, directory: true }
}

function makeFolder(path: string): VolumeContent {
  mkdirSync(path, { recursive: true })
  return { form: "host", path, directory: true }
}

function prepareEmptyDir(
  name: string,
  spec: Extract<Volume, { volumeType: "empty_dir" }>["spec"],
  { places, mounts, memory }: VolumeRequest,
): VolumeContent {
  if (spec.medium !== "Memory") return makeFolder(join(places.volumes, toFolderName(name)))
  const size = spec.sizeLimit === undefined ? undefined : parseQuantity(spec.sizeLimit)
  if (mounts) return { form: "memory", ...(size !== undefined && { sizeBytes: toUnits(size) }) }
  return makeFolder(join(memory ?? places.volumes, toFolderName(name)))
}

/** Secret files are 0400 in a 0700 folder and, where the machine allows, only in memory. */
function writeFiles(
  volume: Extract<Volume, { volumeType: "config_map" | "secret" }>,
  files: ReturnType<typeof projectFiles>["files"],
  { places, memory }: VolumeRequest,
): VolumeContent {
  const secret = volume.volumeType === "secret"
  const parent = secret ? (memory ?? places.volumes) : places.volumes
  const folder = join(parent, toFolderName(volume.name))
  mkdirSync(folder, { recursive: true, mode: secret ? 0o700 : 0o755 })
  for (const { path, bytes, mode } of files) {
    const parentFolder = resolveInside(folder, dirname(path))
    const file = join(parentFolder, toFolderName(path.slice(path.lastIndexOf("/") + 1)))
    writeFileSync(file, bytes, { mode: 0o600 })
    chmodSync(file, mode)
  }
  return { form: "host", path: folder, directory: true }
}

/** A volume mounted below another one needs a folder in it to be mounted on. */
function withMountPoints(volumes: readonly PreparedVolume[]): readonly PreparedVolume[] {
  const sorted = volumes.toSorted((a, b) => (a.mountPath < b.mountPath ? -1 : 1))
  for (const inner of sorted) {
    const outer = sorted.findLast((other) => inner !== other && inner.mountPath.startsWith(`${other.mountPath}/`))
    if (outer?.content.form !== "host" || !outer.content.directory) continue
    const relative = inner.mountPath.slice(outer.mountPath.length + 1)
    makeMountPoint(outer.content.path, relative, inner.content)
  }
  return sorted
}

function makeMountPoint(folder: string, relative: string, content: VolumeContent): void {
  if (content.form === "memory" || content.directory) {
    resolveInside(folder, relative)
    return
  }
  const path = join(resolveInside(folder, dirname(relative)), basename(relative))
  const found = lstatSync(path, { throwIfNoEntry: false })
  if (found?.isSymbolicLink()) throw escapes(relative)
  // Exclusively: a link that another run makes in between is not followed.
  if (found === undefined) writeFileSync(path, "", { flag: "wx" })
}
