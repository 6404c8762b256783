import { BerthError, type Finding, type Path } from "@berth/spec"

/** Members whose own members are the user's words: they are never rewritten. */
const userWords: ReadonlySet<string> = new Set([
  "node_selector",
  "envs",
  "pod_labels",
  "annotations",
  "inputs",
  "parameters",
  "init_parameters",
  "pod_patch",
  "match_labels",
])

/** A path of the wire as a TypeScript user wrote it: `volumes[2].mount_path` is `volumes[2].mountPath`. */
export function toTypescriptPath(path: Path): Path {
  const depth = path.findIndex((part) => typeof part === "string" && userWords.has(part))
  return path.map((part, index) =>
    typeof part === "number" || (depth !== -1 && index > depth) ? part : toCamelCase(part),
  )
}

/** Findings with paths in TypeScript's case. */
export function withTypescriptPaths(findings: readonly Finding[]): readonly Finding[] {
  return findings.map((finding) =>
    finding.path === undefined ? finding : { ...finding, path: toTypescriptPath(finding.path) },
  )
}

/** Runs a call; the issues of its refusal are told in TypeScript's case. */
export async function inTypescriptCase<Result>(call: () => Promise<Result>): Promise<Result> {
  try {
    return await call()
  } catch (error) {
    if (!(error instanceof BerthError) || error.issues.length === 0) throw error
    const issues: readonly Finding[] = withTypescriptPaths(error.issues)
    throw new BerthError(error.code, error.message, {
      issues,
      cause: error,
      ...(error.requestId !== undefined && { requestId: error.requestId }),
    })
  }
}

/** Only what looks like a word of the wire is one: `node_selector`, not `NVIDIA_X` and not `_private`. */
function toCamelCase(part: string): string {
  if (!/^[a-z][a-z0-9]*(_[a-z0-9]+)+$/.test(part)) return part
  return part.replaceAll(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase())
}
