import { basename, dirname, join, relative } from "node:path"
import { LaunchRefused } from "../engine.ts"
import type { PreparedVolume } from "../volumes/prepared.ts"
import type { HostEntry, HostTree } from "./host-tree.ts"

/**
 * What a program sees of this machine: an empty root on which the host's folders appear read-only, and the attempt's
 * own folders and volumes writable. Mount points that the host lacks are made in skeletons, folders of the attempt
 * itself that stand in for a parent folder, so that the host's own tree is never touched.
 */
export interface MountPlan {
  readonly skeletons: readonly Skeleton[]
  /** Mount points to make in the attempt's own writable folders. */
  readonly points: readonly MountPoint[]
  /** In the order in which they are mounted. */
  readonly mounts: readonly Mount[]
}

/** A stand-in for one folder of the host. */
export interface Skeleton {
  /** Which folder it stands in for. */
  readonly stands: string
  readonly entries: readonly HostEntry[]
  /** True for one that no other attempt has. */
  readonly own?: boolean
}

export interface MountPoint {
  readonly path: string
  readonly form: "folder" | "file"
}

export type Mount =
  | { readonly form: "bind"; readonly source: Source; readonly target: string; readonly readOnly: boolean }
  | { readonly form: "memory"; readonly target: string; readonly sizeBytes?: number }
  | { readonly form: "proc"; readonly target: string }
  /** A device folder with the usual files and these more. */
  | { readonly form: "devices"; readonly target: string; readonly files: readonly string[] }

/** A path of the host, or the skeleton that stands in for a folder. */
export type Source = { readonly host: string } | { readonly skeleton: string }

export interface PlanRequest {
  readonly tree: HostTree
  /** Berth's data folder, which is hidden. */
  readonly data: string
  /** Folders below it that stay, writable, at their own paths. */
  readonly own: readonly string[]
  /** Paths that stay readable although something hides them. */
  readonly visible: readonly string[]
  /** The attempt's folder for temporary files: `/tmp` and `/var/tmp`. */
  readonly tmp: string
  readonly volumes: readonly PreparedVolume[]
}

/** Top folders that are not simply the host's own inside. */
const replaced = new Set(["proc", "dev", "sys", "tmp", "run", "lost+found"])
const temporary = ["/tmp", "/var/tmp"]
const closed = ["/proc", "/sys"]

/** The plan for one attempt. Pure: the machine is what `tree` says. */
export function planMounts(request: PlanRequest): MountPlan {
  const { tree, data, own } = request
  const volumes = request.volumes.map((volume) => ({ volume, target: targetOf(volume, tree) })).toSorted(byTarget)
  const visible = request.visible.filter((path) => isHidden(path, data))
  const points = [
    ...(isHidden(data, undefined) ? [point(data)] : []),
    ...own.map((path) => point(path)),
    ...visible.map((path) => point(path)),
    ...resolverFolders(tree).map((path) => point(path)),
    ...outermost(volumes).map(({ target, volume }) => point(target, isFolder(volume))),
    ...["/proc", "/dev", "/sys", "/run", "/tmp"].map((path) => point(path)),
  ]
  const places = points.map((each) => ({ ...each, holder: holderOf(each.path, request) }))
  const below = (holder: string) => places.filter((each) => each.holder === holder)
  const stands = standIns(below("host"), tree)
  return {
    skeletons: [
      ...[...stands].map(([path, added]) => toSkeleton(path, added, tree)),
      { stands: "/sys/fs/cgroup", entries: [] },
      { stands: "/run", entries: entriesBelow("/run", below("/run")) },
      { stands: "/dev", entries: deviceEntries(tree, below("/dev")) },
      { stands: data, entries: entriesBelow(data, below(data)), own: true },
    ],
    points: places.flatMap((each) => toPoint(each, request)),
    mounts: [
      ...hostMounts(tree, [...stands.keys()]),
      ...(stands.has("/") ? [bind("/sys", "/sys", true)] : []),
      ...replacedMounts(request),
      { form: "bind", source: { skeleton: data }, target: data, readOnly: true },
      ...own.map((path) => bind(path, path, false)),
      ...visible.map((path) => bind(path, path, true)),
      ...volumes.map(({ volume, target }) => volumeMount(volume, target)),
    ],
  }
}

interface Placed {
  readonly path: string
  readonly form: "folder" | "file"
}

interface Target {
  readonly volume: PreparedVolume
  readonly target: string
}

function point(path: string, folder = true): Placed {
  return { path, form: folder ? "folder" : "file" }
}

function bind(host: string, target: string, readOnly: boolean): Mount {
  return { form: "bind", source: { host }, target, readOnly }
}

function isFolder({ content }: PreparedVolume): boolean {
  return content.form === "memory" || content.directory
}

/** True for the folder itself and everything in it. */
export function isInside(path: string, folder: string): boolean {
  return path === folder || folder === "/" || path.startsWith(`${folder}/`)
}

function isHidden(path: string, data: string | undefined): boolean {
  return [...temporary, "/run", ...(data === undefined ? [] : [data])].some((folder) => isInside(path, folder))
}

/** Links of the host are followed, so that a mount point is never a link. */
function targetOf(volume: PreparedVolume, tree: HostTree): string {
  const target = tree.resolve(volume.mountPath)
  if (target === "/" || closed.some((folder) => isInside(target, folder))) {
    throw new LaunchRefused(`Nothing can be mounted at ${volume.mountPath} of this machine.`)
  }
  return target
}

function byTarget(a: Target, b: Target): number {
  return a.target < b.target ? -1 : 1
}

/** Volumes that are not mounted in another volume: those find their mount point there. */
function outermost(volumes: readonly Target[]): readonly Target[] {
  return volumes.filter((inner) => !volumes.some((outer) => outer !== inner && isInside(inner.target, outer.target)))
}

/** Whose mount point it is: one of the attempt's own folders, a hidden folder, or the host's tree. */
function holderOf(path: string, { own, data }: PlanRequest): string {
  const holders = [...own.filter((folder) => folder !== path), data, ...temporary, "/run", "/dev"]
  const around = holders.filter((folder) => folder !== path && isInside(path, folder))
  return around.toSorted((a, b) => b.length - a.length)[0] ?? "host"
}

/** In the attempt's own folders a mount point is made where it will be seen. */
function toPoint(placed: Placed & { readonly holder: string }, { own, tmp }: PlanRequest): readonly MountPoint[] {
  const { path, form, holder } = placed
  if (own.includes(holder)) return [{ path, form }]
  if (temporary.includes(holder)) return [{ path: join(tmp, relative(holder, path)), form }]
  return []
}

/** Folders of the host that need a stand-in because a mount point is missing in them, and what is added to each. */
function standIns(points: readonly Placed[], tree: HostTree): ReadonlyMap<string, readonly HostEntry[]> {
  const stands = new Map<string, HostEntry[]>()
  for (const { path, form } of points) {
    const parent = nearestFolder(dirname(path), tree)
    const steps = relative(parent, path).split("/")
    if (steps.length === 1 && tree.list(parent)?.some(({ name }) => name === steps[0])) continue
    const added = stands.get(parent) ?? []
    const entries = entriesBelow(parent, [{ path, form }])
    stands.set(parent, [...added, ...entries.filter(({ name }) => !added.some((other) => other.name === name))])
  }
  return new Map([...stands].toSorted(([a], [b]) => (a < b ? -1 : 1)))
}

function nearestFolder(path: string, tree: HostTree): string {
  return tree.list(path) === undefined && path !== "/" ? nearestFolder(dirname(path), tree) : path
}

/** The entries of a skeleton that make these paths mount points: every folder on the way, parents first. */
function entriesBelow(folder: string, points: readonly Placed[]): readonly HostEntry[] {
  const entries = new Map<string, HostEntry>()
  for (const { path, form } of points) {
    const steps = relative(folder, path).split("/")
    for (let depth = 1; depth <= steps.length; depth++) {
      const name = steps.slice(0, depth).join("/")
      if (!entries.has(name)) entries.set(name, { name, form: depth === steps.length ? form : "folder" })
    }
  }
  return [...entries.values()]
}

function toSkeleton(path: string, added: readonly HostEntry[], tree: HostTree): Skeleton {
  return { stands: path, entries: [...(tree.list(path) ?? []), ...added] }
}

/** The host's folders, read-only, and the stand-ins with the host's entries in them. */
function hostMounts(tree: HostTree, stands: readonly string[]): readonly Mount[] {
  const whole = stands.includes("/") ? [] : [bind("/", "/", true)]
  return [...whole, ...stands.flatMap((path) => standMounts(path, tree))]
}

function standMounts(path: string, tree: HostTree): readonly Mount[] {
  const entries = (tree.list(path) ?? []).filter(({ name }) => path !== "/" || !replaced.has(name))
  return [{ form: "bind", source: { skeleton: path }, target: path, readOnly: true }, ...bindEntries(path, entries)]
}

function bindEntries(folder: string, entries: readonly HostEntry[]): readonly Mount[] {
  return entries
    .filter(({ form }) => form !== "link")
    .map(({ name }) => bind(join(folder, name), join(folder, name), true))
}

/** Files that change the machine, and that uid 0 may write without any capability. */
const closedFiles = ["sys", "sysrq-trigger", "irq", "bus", "fs"].map((name) => `/proc/${name}`)

/** What takes the place of the host's process, device and scratch folders. */
function replacedMounts({ tree, tmp }: PlanRequest): readonly Mount[] {
  const has = (path: string) => tree.list(dirname(path))?.some(({ name }) => name === basename(path)) === true
  const mounts: Mount[] = [
    { form: "proc", target: "/proc" },
    ...closedFiles.filter(has).map((path) => bind(path, path, true)),
    { form: "devices", target: "/dev", files: gpuEntries(tree).map(({ name }) => join("/dev", name)) },
    { form: "bind", source: { skeleton: "/run" }, target: "/run", readOnly: true },
    bind(tmp, "/tmp", false),
  ]
  if (has("/sys/fs/cgroup")) {
    mounts.push({ form: "bind", source: { skeleton: "/sys/fs/cgroup" }, target: "/sys/fs/cgroup", readOnly: true })
  }
  if (has("/var/tmp")) mounts.push(bind(tmp, "/var/tmp", false))
  return [...mounts, ...resolverFolders(tree).map((path) => bind(path, path, true))]
}

/** The folder below /run that holds what /etc/resolv.conf leads to, where it does. */
function resolverFolders(tree: HostTree): readonly string[] {
  const folder = dirname(tree.resolve("/etc/resolv.conf"))
  return isInside(folder, "/run") && folder !== "/run" ? [folder] : []
}

/** Device files that every program may use. */
export const usualDevices = ["null", "zero", "full", "random", "urandom", "tty"] as const

const deviceLinks = {
  fd: "/proc/self/fd",
  stdin: "/proc/self/fd/0",
  stdout: "/proc/self/fd/1",
  stderr: "/proc/self/fd/2",
  ptmx: "pts/ptmx",
}

function deviceEntries(tree: HostTree, points: readonly Placed[]): readonly HostEntry[] {
  const usual: readonly HostEntry[] = [
    ...usualDevices.map((name): HostEntry => ({ name, form: "file" })),
    ...["shm", "pts"].map((name): HostEntry => ({ name, form: "folder" })),
    ...Object.entries(deviceLinks).map(([name, to]): HostEntry => ({ name, form: "link", to })),
    ...gpuEntries(tree),
  ]
  const more = entriesBelow("/dev", points).filter(({ name }) => !usual.some((entry) => entry.name === name))
  return [...usual, ...more]
}

function gpuEntries(tree: HostTree): readonly HostEntry[] {
  return (tree.list("/dev") ?? []).filter(({ name, form }) => form !== "link" && /^(nvidia|kfd$|dri$)/.test(name))
}

function volumeMount({ content, readOnly }: PreparedVolume, target: string): Mount {
  if (content.form === "host") return bind(content.path, target, readOnly)
  return { form: "memory", target, ...(content.sizeBytes !== undefined && { sizeBytes: content.sizeBytes }) }
}
