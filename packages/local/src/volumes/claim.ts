import { existsSync } from "node:fs"
import { cp, mkdir, realpath, rename, stat } from "node:fs/promises"
import { basename, dirname, isAbsolute, join } from "node:path"
import { createFinding, type JsonObject } from "@berth/spec"
import { LaunchBlocked } from "../engine.ts"
import { isInside } from "../isolation/mount-plan.ts"
import { memberOf, nameOf } from "../objects.ts"
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

/**
 * Makes the claim's folder; the first time it is filled from the folder that `berth.dev/source` names.
 *
 * @throws LaunchBlocked `volume.claim.source` while that folder is missing or refused
 */
export async function ensureClaim(folder: string, data: string, manifest: JsonObject | undefined): Promise<void> {
  if (existsSync(folder)) return
  const making = underWay.get(folder) ?? makeClaim(folder, data, manifest).finally(() => underWay.delete(folder))
  underWay.set(folder, making)
  await making
}

async function makeClaim(folder: string, data: string, manifest: JsonObject | undefined): Promise<void> {
  const source = await findSource(data, manifest)
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

interface Source {
  readonly claim: string
  /** As the manifest says it. */
  readonly source: string
  /** A relative one counts from the folder that holds the data folder. */
  readonly path: string
}

async function findSource(data: string, manifest: JsonObject | undefined): Promise<Source | undefined> {
  const source = manifest && memberOf(memberOf(manifest, "metadata"), "annotations")["berth.dev/source"]
  if (manifest === undefined || typeof source !== "string") return undefined
  const path = isAbsolute(source) ? source : join(dirname(data), source)
  const found = { claim: nameOf(manifest), source, path }
  const real = await realpath(path).catch((error: unknown) => {
    throw unfilled(found, error)
  })
  // Also through `/proc/<pid>/root`, which stands for the host's own root.
  if ([path, real].some((each) => closed.some((folder) => isInside(each, folder)))) {
    throw unfilled(found, "it is a folder of the kernel's")
  }
  if (isInside(real, data) || isInside(data, real)) throw unfilled(found, "it holds, or is part of, the data folder")
  if (!(await stat(real)).isDirectory()) throw unfilled(found, "it is no folder")
  return { ...found, path: real }
}

async function copyInto(draft: string, source: Source): Promise<void> {
  try {
    await cp(source.path, draft, { recursive: true, errorOnExist: false, verbatimSymlinks: true })
  } catch (error) {
    throw unfilled(source, error)
  }
}

const plainReasons: Readonly<Record<string, string>> = {
  ENOENT: "it does not exist",
  ENOTDIR: "it does not exist",
  EACCES: "the server may not read it",
}

function unfilled({ claim, source, path }: Source, why: unknown): LaunchBlocked {
  const code = why instanceof Error && "code" in why ? String(why.code) : ""
  const plain = plainReasons[code]
  const reason = plain ?? (why instanceof Error ? why.message : String(why))
  const place = plain === undefined || path === source ? "" : ` (${path})`
  return new LaunchBlocked(createFinding("volume.claim.source", { claim, source, reason: reason + place }))
}

/** A claim by size goes with its run. */
export function removeManagedClaims(
  data: string,
  { project, run }: { readonly project: string; readonly run: string },
): void {
  removeTree(managedFolder(data, project, run))
}

/** Every claim of a project, with what is in it. */
export function removeProjectClaims(data: string, project: string): void {
  const folder = toFolderName(project)
  removeTree(join(data, "local", "claims", folder))
  removeTree(join(data, "volumes", folder))
}
