import { type Attempt, createFinding, type Finding, type JsonObject, type Volume } from "@berth/spec"
import { findObject } from "../objects.ts"
import { atOrigin, writtenAt } from "../origin.ts"
import { projectFiles } from "./projection.ts"

/** What the volumes of an attempt wait for, at the user's own paths; nothing: they can be prepared. */
export function volumeBlockers(attempt: Attempt, objects: readonly JsonObject[]): readonly Finding[] {
  return (attempt.requirements.volumes ?? []).flatMap((volume) => {
    const path = `volumes.${volume.name}`
    return blockersOf(volume, objects).map((finding) =>
      atOrigin(finding, writtenAt(attempt, [...named(finding).map((member) => `${path}.spec.${member}`), path])),
    )
  })
}

/** The members of a volume's spec that say what is missing. */
function named({ code }: Finding): readonly string[] {
  return code === "volume.key.missing" ? ["items"] : ["claim_name", "secret_name", "name"]
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
