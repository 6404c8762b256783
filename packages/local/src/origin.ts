import type { Attempt, Path } from "@berth/spec"

/**
 * Where the user wrote a requirement: the first of these canonical paths that someone set, or a part of it. Undefined
 * when nobody did.
 */
export function writtenAt({ provenance }: Pick<Attempt, "provenance">, paths: readonly string[]): Origin | undefined {
  for (const path of paths) {
    const exact = provenance[path] ?? Object.entries(provenance).find(([leaf]) => leaf.startsWith(`${path}.`))?.[1]
    if (exact !== undefined) return exact
  }
  return undefined
}

type Origin = Attempt["provenance"][string]

/** What a finding about a requirement carries: its path, and the layer when that is not the run's own request. */
export function atOrigin<Found extends { readonly data: unknown; readonly path?: Path }>(
  finding: Found,
  origin: Origin | undefined,
): Found {
  if (origin === undefined) return finding
  const layer = origin.layer === "run" ? {} : { layer: origin.layer }
  return { ...finding, path: origin.path, data: { ...(finding.data as object), ...layer } }
}
