import { type Attempt, createFinding, type Finding, type JsonObject, type Volume } from "@berth/spec"
import { findObject } from "../objects.ts"
import { projectFiles } from "./projection.ts"

/** What the volumes of an attempt wait for, at the user's own paths; nothing: they can be prepared. */
export function volumeBlockers(attempt: Attempt, objects: readonly JsonObject[]): readonly Finding[] {
  return (attempt.requirements.volumes ?? []).flatMap((volume) => {
    const origin = attempt.provenance[`volumes.${volume.name}`] ?? attempt.provenance[`volumes.${volume.name}.spec`]
    return blockersOf(volume, objects).map((finding) => (origin ? { ...finding, path: origin.path } : finding))
  })
}

function blockersOf(volume: Volume, objects: readonly JsonObject[]): readonly Finding[] {
  switch (volume.volumeType) {
    case "config_map":
    case "secret":
      return projectFiles(volume, objects).findings
    case "persistent_volume_claim":
      return "claimName" in volume.spec ? claimBlockers(volume.name, volume.spec.claimName, objects) : []
    case "shared_volume":
      return claimBlockers(volume.name, volume.spec.claimName, objects)
    case "empty_dir":
    case "ephemeral":
    case "image":
      return []
  }
}

function claimBlockers(volume: string, claim: string, objects: readonly JsonObject[]): readonly Finding[] {
  if (findObject(objects, "PersistentVolumeClaim", claim) !== undefined) return []
  return [createFinding("volume.claim.missing", { volume, claim })]
}
