import { existsSync } from "node:fs"
import { cp, mkdir, realpath, rename } from "node:fs/promises"
import { basename, dirname, isAbsolute, join } from "node:path"
import type { JsonObject } from "@berth/spec"
import { LaunchRefused } from "../engine.ts"
import { isInside } from "../isolation/mount-plan.ts"
import { memberOf } from "../objects.ts"
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

const underWay = new Map<string, Promise<void>>()

/** Makes the claim's folder; the first time it is filled from the folder that `berth.dev/source` names. */
export async function ensureClaim(folder: string, data: string, manifest: JsonObject | undefined): Promise<void> {
  if (existsSync(folder)) return
  const making = underWay.get(folder) ?? makeClaim(folder, data, manifest).finally(() => underWay.delete(folder))
  underWay.set(folder, making)
  await making
}

async function makeClaim(folder: string, data: string, manifest: JsonObject | undefined): Promise<void> {
  const source = await sourceFolder(data, manifest)
  // No claim's name begins with a dot. What a killed server left of it is made anew.
  const draft = join(dirname(folder), `.${basename(folder)}.draft`)
  await mkdir(dirname(folder), { recursive: true, mode: 0o700 })
  removeTree(draft)
  if (source === undefined) await mkdir(draft)
  else await copyInto(draft, source)
  await rename(draft, folder)
}

/** What a program does not see of this machine cannot come to it by a claim. */
const closed = ["/proc", "/sys", "/dev"]

/** The real path of the source. A relative one counts from the folder that holds the data folder. */
async function sourceFolder(data: string, manifest: JsonObject | undefined): Promise<string | undefined> {
  const source = manifest && memberOf(memberOf(manifest, "metadata"), "annotations")["berth.dev/source"]
  if (typeof source !== "string") return undefined
  const path = isAbsolute(source) ? source : join(dirname(data), source)
  const real = await realpath(path).catch((error: unknown) => {
    throw unfilled(source, error instanceof Error ? error.message : String(error))
  })
  // Also through `/proc/<pid>/root`, which stands for the host's own root.
  if ([path, real].some((each) => closed.some((folder) => isInside(each, folder)))) {
    throw unfilled(source, "it is a folder of the kernel's")
  }
  if (isInside(real, data) || isInside(data, real)) throw unfilled(source, "it holds, or is part of, the data folder")
  return real
}

async function copyInto(draft: string, source: string): Promise<void> {
  try {
    await cp(source, draft, { recursive: true, errorOnExist: false, verbatimSymlinks: true })
  } catch (error) {
    if (!(error instanceof Error)) throw error
    throw unfilled(source, error.message)
  }
}

function unfilled(source: string, why: string): LaunchRefused {
  return new LaunchRefused(`The claim could not be filled from ${source} (berth.dev/source): ${why}.`)
}

/** A claim by size goes with its run. */
export function removeManagedClaims(
  data: string,
  { project, run }: { readonly project: string; readonly run: string },
): void {
  removeTree(managedFolder(data, project, run))
}
