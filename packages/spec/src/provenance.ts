import type { Path } from "./path.ts"

/** Who may set a requirement, lowest first; the profile is applied over the user's. */
export const layerNames = ["default", "project", "function", "task", "run", "profile"] as const

export type LayerName = (typeof layerNames)[number]

/** Who set a leaf of the resolved requirements, and where in that layer's document. */
export interface Origin {
  readonly layer: LayerName
  /** In the `spec` of the layer, as its author wrote it. */
  readonly path: Path
}

/**
 * The origin of every leaf, keyed by the leaf's canonical wire path: `resources.mem.limits`, `envs.LOG_LEVEL`,
 * `volumes.data.mount_path`, `node_selector.disktype`. Lists that have names are keyed by name.
 */
export type Provenance = Readonly<Record<string, Origin>>
