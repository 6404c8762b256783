import { mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { attemptTitle } from "../remains.ts"
import { prepareMounts } from "./bubblewrap.ts"
import { type HostMount, readHostTree } from "./host-tree.ts"
import type { Isolation } from "./isolation.ts"
import { isInside, type Mount, usualDevices } from "./mount-plan.ts"
import type { MadeSkeletons } from "./skeletons.ts"

export interface UnshareTools {
  readonly sh: string
  readonly setsid: string
  readonly setpriv: string
  readonly unshare: string
  readonly mount: string
  readonly chroot: string
}

/** Namespaces made by util-linux. Without root the program sees itself as uid 0 of a user namespace. */
export function createUnshareIsolation(tools: UnshareTools, isRoot: boolean): Isolation {
  return {
    name: "unshare",
    namespaces: true,
    wrap(request) {
      const tree = readHostTree()
      const { mounts, skeletons } = prepareMounts(request, tree)
      const root = join(request.places.attempt, "root")
      mkdirSync(root, { recursive: true })
      const table = join(request.places.attempt, "mounts")
      writeFileSync(table, toTable(mounts, { skeletons, root, hostMounts: tree.mounts }))
      const { script } = request
      const inside = insideWords(tools, { table, root, script, uid: request.places.uid })
      return [...namespaceWords(tools, isRoot), ...inside]
    },
  }
}

/** `--kill-child` and the death signal together: no process of the namespace outlives the supervisor. */
function namespaceWords(tools: UnshareTools, isRoot: boolean): readonly string[] {
  return [
    ...[tools.setsid, tools.setpriv, "--pdeathsig", "KILL", tools.unshare],
    ...(isRoot ? [] : ["--user", "--map-root-user"]),
    ...["--mount", "--propagation", "private", "--pid", "--ipc", "--fork", "--kill-child=KILL", "--"],
  ]
}

/** One `mount` for everything, then into the new root without any capability. */
function insideWords(
  { sh, mount, chroot, setpriv }: UnshareTools,
  { table, root, script, uid }: Readonly<Record<"table" | "root" | "script" | "uid", string>>,
): readonly string[] {
  const enter = '"$1" -n -a -T "$2" || exit 126; shift 2; exec "$@"'
  const drop = ["--bounding-set=-all", "--inh-caps=-all", "--ambient-caps=-all", "--no-new-privs"]
  return [
    sh,
    "-c",
    enter,
    "berth-mount",
    mount,
    table,
    chroot,
    root,
    setpriv,
    ...drop,
    sh,
    "-c",
    script,
    attemptTitle,
    uid,
  ]
}

interface TableContext {
  readonly skeletons: MadeSkeletons
  /** Where the new root is. */
  readonly root: string
  readonly hostMounts: readonly HostMount[]
}

/** The mounts as an fstab. */
export function toTable(mounts: readonly Mount[], context: TableContext): string {
  const lines = mounts.flatMap((mount) => toLines(mount, context))
  return lines.map((fields) => `${fields.map(escapeField).join(" ")} 0 0\n`).join("")
}

type Line = readonly [source: string, target: string, type: string, options: string]

function toLines(mount: Mount, context: TableContext): readonly Line[] {
  const target = mount.target === "/" ? context.root : `${context.root}${mount.target}`
  switch (mount.form) {
    case "bind":
      return bindLines(context.skeletons.pathOf(mount.source), target, { readOnly: mount.readOnly, context })
    case "memory":
      return [["tmpfs", target, "tmpfs", `mode=1777${mount.sizeBytes === undefined ? "" : `,size=${mount.sizeBytes}`}`]]
    case "proc":
      return [["proc", target, "proc", "nosuid,nodev,noexec"]]
    case "devices":
      return deviceLines(target, { files: mount.files, context })
  }
}

/** A read-only bind covers one mount only: what the host has mounted below is bound once more. */
function bindLines(
  source: string,
  target: string,
  { readOnly, context }: { readonly readOnly: boolean; readonly context: TableContext },
): readonly Line[] {
  if (!readOnly) return [[source, target, "none", "rbind"]]
  const below = context.hostMounts.filter(({ path }) => path !== source && isInside(path, source) && !isReplaced(path))
  return [
    [source, target, "none", readOnlyOptions(source, context)],
    ...below.map(({ path }): Line => {
      return [path, join(target, path.slice(source.length)), "none", readOnlyOptions(path, context)]
    }),
  ]
}

/** Where something else is mounted anyway, the host's own mounts cannot be seen. */
function isReplaced(path: string): boolean {
  return ["/proc", "/dev", "/run", "/tmp"].some((folder) => isInside(path, folder))
}

/** A mount of another mount namespace keeps its flags, or the kernel refuses. */
function readOnlyOptions(path: string, { hostMounts }: TableContext): string {
  const holder = hostMounts
    .filter((mount) => isInside(path, mount.path))
    .toSorted((a, b) => b.path.length - a.path.length)[0]
  return ["rbind", "ro", ...(holder?.flags ?? [])].join(",")
}

function deviceLines(
  target: string,
  { files, context }: { readonly files: readonly string[]; readonly context: TableContext },
): readonly Line[] {
  const devices = [...usualDevices.map((name) => `/dev/${name}`), ...files]
  return [
    [context.skeletons.pathOf({ skeleton: "/dev" }), target, "none", "bind,ro"],
    ...devices.map((path): Line => [path, `${target}${path.slice("/dev".length)}`, "none", "rbind"]),
    ["tmpfs", `${target}/shm`, "tmpfs", "mode=1777,nosuid,nodev"],
    ["devpts", `${target}/pts`, "devpts", "newinstance,ptmxmode=0666,mode=620,nosuid,noexec"],
  ]
}

function escapeField(field: string): string {
  return field.replaceAll(/[\s\\#]/g, (character) => `\\${character.charCodeAt(0).toString(8).padStart(3, "0")}`)
}
