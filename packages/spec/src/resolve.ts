import type { Finding } from "./finding.ts"
import type { Normalised } from "./normalise.ts"
import type { ProfileMode } from "./entity.ts"
import type { LayerName, Provenance } from "./provenance.ts"
import type { Requirements } from "./requirements.ts"

/** One layer's canonical requirements and where its author wrote them. */
export interface Layer extends Pick<Normalised, "layer" | "paths"> {
  readonly name: LayerName
}

export interface Resolved {
  readonly requirements: Requirements
  readonly provenance: Provenance
  /** What only shows when layers are together: two volumes on one path, a variable named like a secret. */
  readonly findings: readonly Finding[]
}

/**
 * Merges layers, lowest first: deep per resource name, by key for selector, envs, volumes and tolerations; `null`
 * removes what was inherited. The profile is applied last, per field by its mode (default `override`).
 */
export function resolve(
  _layers: readonly Layer[],
  _profile?: Layer & { readonly modes: Readonly<Record<string, ProfileMode>> },
): Resolved {
  throw new Error("resolve is being built")
}
