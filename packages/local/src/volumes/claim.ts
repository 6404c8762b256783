import { existsSync } from "node:fs"
import { cp, mkdir, rename, rm } from "node:fs/promises"
import { dirname, isAbsolute, join } from "node:path"
import type { JsonObject } from "@berth/spec"
import { LaunchRefused } from "../engine.ts"
import { memberOf } from "../objects.ts"
import { hasCode } from "../process-id.ts"
import { removeTree } from "../remove-tree.ts"
import { toFolderName } from "./sub-path.ts"

/** The folder of an existing claim: it outlives runs and servers. */
export function claimFolder(data: string, project: string, claim: string): string {
  return join(data, "volumes", toFolderName(project), toFolderName(claim))
}

/** The folder of the claims that were made for one run. */
export function managedFolder(data: string, project: string, run: string): string {
  return join(data, "local", "claims", toFolderName(project), toFolderName(run))
}

/** Makes the claim's folder; the first time it is filled from the folder that `berth.dev/source` names. */
export async function ensureClaim(folder: string, data: string, manifest: JsonObject | undefined): Promise<void> {
  if (existsSync(folder)) return
  const source = sourceFolder(data, manifest)
  const draft = `${folder}.draft-${process.pid}`
  await mkdir(dirname(folder), { recursive: true, mode: 0o700 })
  await rm(draft, { recursive: true, force: true })
  if (source === undefined) await mkdir(draft)
  else await copyInto(draft, source)
  try {
    await rename(draft, folder)
  } catch (error) {
    if (!hasCode(error, "ENOTEMPTY") && !hasCode(error, "EEXIST")) throw error
    await rm(draft, { recursive: true, force: true })
  }
}

/** A relative path counts from the folder that holds the data folder. */
function sourceFolder(data: string, manifest: JsonObject | undefined): string | undefined {
  const source = manifest && memberOf(memberOf(manifest, "metadata"), "annotations")["berth.dev/source"]
  if (typeof source !== "string") return undefined
  return isAbsolute(source) ? source : join(dirname(data), source)
}

async function copyInto(draft: string, source: string): Promise<void> {
  try {
    await cp(source, draft, { recursive: true, errorOnExist: false, verbatimSymlinks: true })
  } catch (error) {
    if (!(error instanceof Error)) throw error
    throw new LaunchRefused(`The claim could not be filled from ${source} (berth.dev/source): ${error.message}`)
  }
}

/** A claim by size goes with its run. */
export function removeManagedClaims(
  data: string,
  { project, run }: { readonly project: string; readonly run: string },
): void {
  removeTree(managedFolder(data, project, run))
}
