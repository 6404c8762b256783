import { spawnSync } from "node:child_process"
import { accessSync, constants, existsSync, readdirSync } from "node:fs"
import { delimiter, join } from "node:path"

/** What a suite may need beyond Node: each is looked for, never assumed. */
export const partNames = [
  "postgres",
  "bubblewrap",
  "unshare",
  "podman",
  "python",
  "cgroup",
  "cluster",
  "kubelet",
  "browser",
] as const

export type PartName = (typeof partNames)[number]

/** Whether a part is here, and if not, why not. */
export type Part = { readonly here: true } | { readonly here: false; readonly reason: string }

const here: Part = { here: true }
const known = new Map<PartName, Part>()

/** Looks for a part once per process. */
export function findPart(name: PartName): Part {
  const part = known.get(name) ?? detect[name]()
  known.set(name, part)
  return part
}

/**
 * Whether a suite that needs these parts must be skipped: for `describe.skipIf(missing("postgres"))`. It prints what is
 * skipped and why. A part that `BERTH_REQUIRE` (a comma-separated list) names and that is missing is an error.
 */
export function missing(...names: readonly PartName[]): boolean {
  let skip = false
  for (const name of names) {
    const part = findPart(name)
    if (part.here) continue
    if (required().includes(name)) throw new Error(`BERTH_REQUIRE names ${name}, but ${part.reason}`)
    console.log(`skipped: needs ${name}: ${part.reason}`)
    skip = true
  }
  return skip
}

/** The parts that `BERTH_REQUIRE` names. */
export function required(): readonly PartName[] {
  const names = (process.env.BERTH_REQUIRE ?? "").split(",").map((name) => name.trim())
  return names.filter((name) => name !== "").map(parsePartName)
}

/** The folder of PostgreSQL's programs (`initdb`, `postgres`), when there is one: the newest of Debian's. */
export function postgresFolder(): string | undefined {
  const debian = "/usr/lib/postgresql"
  const versions = existsSync(debian) ? readdirSync(debian).sort((a, b) => Number(b) - Number(a)) : []
  const folders = [...versions.map((version) => join(debian, version, "bin")), ...searchPath()]
  return folders.find((folder) => existsSync(join(folder, "initdb")) && existsSync(join(folder, "postgres")))
}

function parsePartName(text: string): PartName {
  const name = partNames.find((candidate) => candidate === text)
  if (name === undefined) throw new Error(`BERTH_REQUIRE=${text}: the parts are ${partNames.join(", ")}.`)
  return name
}

const detect: Readonly<Record<PartName, () => Part>> = {
  postgres: () => (postgresFolder() === undefined ? gone("no initdb and postgres (Debian: postgresql)") : here),
  bubblewrap: () => trial("bwrap", ["--ro-bind", "/", "/", "--unshare-pid", "--die-with-parent", "true"]),
  unshare: () =>
    trial("unshare", [...(isRoot() ? [] : ["--user", "--map-root-user"]), "--mount", "--pid", "--fork", "true"]),
  podman: () => {
    if (!isRoot()) return gone("the suites' own Podman runs as root")
    if (!onPath("runc")) return gone("no runc (Debian: runc); crun refuses a machine with both versions of cgroups")
    if (!onPath("busybox")) return gone("no busybox to make an image of (Debian: busybox-static)")
    return trial("podman", ["version"])
  },
  python: () => trial("python3", ["-c", "import venv, ensurepip"]),
  cgroup: detectCgroup,
  cluster: () => gone("the test cluster is not part of this repository yet"),
  kubelet: () => gone("the test cluster is not part of this repository yet"),
  browser: () => (onPath("chromium") ? here : gone("no chromium (Debian: chromium)")),
}

function detectCgroup(): Part {
  const folders = ["/sys/fs/cgroup/memory", "/sys/fs/cgroup/cgroup.subtree_control"]
  return folders.some((path) => existsSync(path) && isWritable(path)) ? here : gone("no writable cgroup hierarchy")
}

function trial(command: string, args: readonly string[]): Part {
  if (!onPath(command)) return gone(`no ${command} on the PATH`)
  const { status, stderr, error } = spawnSync(command, args, { encoding: "utf8", timeout: 15_000 })
  if (status === 0) return here
  return gone(
    `${command} ${args.join(" ")} failed: ${(error?.message ?? stderr).trim().split("\n").at(-1) ?? "no words"}`,
  )
}

function gone(reason: string): Part {
  return { here: false, reason }
}

function onPath(command: string): boolean {
  return searchPath().some((folder) => existsSync(join(folder, command)))
}

function searchPath(): readonly string[] {
  return (process.env.PATH ?? "").split(delimiter).filter((folder) => folder !== "")
}

function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK)
    return true
  } catch {
    return false
  }
}

function isRoot(): boolean {
  return process.getuid?.() === 0
}
