import type { Finding } from "./finding.ts"
import type { JsonObject } from "./json.ts"
import type { Path } from "./path.ts"
import type { RequirementsLayer } from "./requirements.ts"

/** A spec read into the canonical form. */
export interface Normalised {
  /** The requirements it asks for; valid parts only when there are errors. */
  readonly layer: RequirementsLayer
  /** Canonical leaf path (as in {@link Provenance}) → where the user wrote it. */
  readonly paths: Readonly<Record<string, Path>>
  /** Everything that is wrong (errors) and everything that was changed (warnings, notices). */
  readonly findings: readonly Finding[]
  /** Members that are no requirements (image, command, parameters …), as sent. */
  readonly rest: JsonObject
}

export interface NormaliseOptions {
  /** `error`: unknown keys refuse (strict clients); `warning`: they are kept and reported (wire-compatible endpoints). */
  readonly unknownKeys: "error" | "warning"
  /** Members of the spec that belong to the entity's kind and are no unknown keys. */
  readonly knownMembers: readonly string[]
}

/**
 * Reads any historic or present form of a spec's requirements into the canonical layer.
 * Never throws: whatever is wrong is a finding with its path.
 */
export function normalise(_spec: JsonObject, _options: NormaliseOptions): Normalised {
  throw new Error("normalise is being built")
}
