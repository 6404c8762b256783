import { createHash } from "node:crypto"
import { existsSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { hasCode } from "../process-id.ts"
import type { HostEntry } from "./host-tree.ts"
import type { MountPlan, Skeleton, Source } from "./mount-plan.ts"

/** Where the skeletons of a plan are, once made. */
export interface MadeSkeletons {
  pathOf(source: Source): string
}

export interface SkeletonFolders {
  /** For those that attempts share. */
  readonly shared: string
  /** For the attempt's own; made anew. */
  readonly own: string
}

/**
 * Makes a plan's skeletons and mount points. A shared skeleton is named by its content and never written again;
 * programs only ever see one mounted read-only.
 */
export function makeSkeletons(plan: MountPlan, folders: SkeletonFolders): MadeSkeletons {
  rmSync(folders.own, { recursive: true, force: true })
  const paths = new Map(plan.skeletons.map((skeleton) => [skeleton.stands, ensureSkeleton(skeleton, folders)]))
  for (const { path, form } of plan.points) {
    mkdirSync(form === "folder" ? path : dirname(path), { recursive: true })
    if (form === "file") writeFileSync(path, "", { flag: "a" })
  }
  return { pathOf: (source) => ("host" in source ? source.host : (paths.get(source.skeleton) ?? folders.own)) }
}

function ensureSkeleton({ entries, own }: Skeleton, folders: SkeletonFolders): string {
  const name = createHash("sha256").update(JSON.stringify(entries)).digest("hex").slice(0, 24)
  const path = own === true ? folders.own : join(folders.shared, name)
  if (existsSync(path)) return path
  const draft = `${path}.${process.pid}`
  rmSync(draft, { recursive: true, force: true })
  mkdirSync(draft, { recursive: true, mode: 0o755 })
  for (const entry of entries) makeEntry(draft, entry)
  try {
    renameSync(draft, path)
  } catch (error) {
    if (!hasCode(error, "ENOTEMPTY") && !hasCode(error, "EEXIST")) throw error
    rmSync(draft, { recursive: true, force: true })
  }
  return path
}

function makeEntry(folder: string, { name, form, to }: HostEntry): void {
  const path = join(folder, name)
  if (form === "folder") mkdirSync(path)
  else if (form === "link") symlinkSync(to ?? "", path)
  else writeFileSync(path, "")
}
