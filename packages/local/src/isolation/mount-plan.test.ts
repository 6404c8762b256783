import { dirname, join } from "node:path"
import { describe, expect, it } from "vitest"
import { LaunchRefused } from "../engine.ts"
import type { PreparedVolume } from "../volumes/prepared.ts"
import { type HostEntry, type HostTree, parseMounts } from "./host-tree.ts"
import { type MountPlan, planMounts } from "./mount-plan.ts"
import { toTable } from "./unshare.ts"

const folders = [
  ...["/proc/sys", "/proc/irq", "/dev", "/sys/fs/cgroup", "/tmp", "/run/systemd/resolve", "/var/tmp", "/usr/share/a"],
  ...["/usr/bin", "/etc", "/home/u/.berth", "/opt"],
]
const files = ["/etc/hosts", "/etc/passwd", "/usr/share/readme", "/run/systemd/resolve/stub-resolv.conf", "/.file"]
const links = { "/bin": "usr/bin", "/etc/resolv.conf": "../run/systemd/resolve/stub-resolv.conf" }

/** A small machine in memory. */
function createTree(): HostTree {
  const entries = new Map<string, Map<string, HostEntry>>([["/", new Map()]])
  const add = (path: string, entry: Omit<HostEntry, "name">) => {
    const parent = dirname(path)
    if (!entries.has(parent)) add(parent, { form: "folder" })
    const name = path.slice(parent === "/" ? 1 : parent.length + 1)
    entries.get(parent)?.set(name, { name, ...entry })
    if (entry.form === "folder" && !entries.has(path)) entries.set(path, new Map())
  }
  for (const path of folders) add(path, { form: "folder" })
  for (const path of files) add(path, { form: "file" })
  for (const [path, to] of Object.entries(links)) add(path, { form: "link", to })
  const resolve = (path: string): string => {
    const to = (links as Record<string, string>)[path]
    if (to !== undefined) return resolve(join(dirname(path), to))
    return path === "/"
      ? path
      : join(resolve(dirname(path)), path.slice(dirname(path) === "/" ? 1 : dirname(path).length + 1))
  }
  return {
    list: (path) => (entries.has(path) ? [...(entries.get(path)?.values() ?? [])] : undefined),
    resolve,
    mounts: [],
  }
}

const data = "/home/u/.berth"
const attempt = `${data}/local/attempts/x`
const volume = (mountPath: string, changes: Partial<PreparedVolume> = {}): PreparedVolume => ({
  name: mountPath,
  mountPath,
  readOnly: false,
  content: { form: "host", path: `/claims${mountPath}`, directory: true },
  ...changes,
})
const plan = (volumes: readonly PreparedVolume[], more: { readonly data?: string; readonly visible?: string[] } = {}) =>
  planMounts({
    tree: createTree(),
    data: more.data ?? data,
    own: ["work", "home", "tmp", "result"].map((name) => `${more.data ?? data}/local/attempts/x/${name}`),
    visible: more.visible ?? [],
    tmp: `${more.data ?? data}/local/attempts/x/tmp`,
    volumes,
  })
const targets = ({ mounts }: MountPlan) => mounts.map(({ target }) => target)
const at = ({ mounts }: MountPlan, path: string) => mounts.findLast(({ target }) => target === path)
const skeleton = ({ skeletons }: MountPlan, path: string) =>
  skeletons.find(({ stands }) => stands === path)?.entries.map(({ name }) => name)

describe("a mount plan", () => {
  it("shows the host read-only, hides Berth's folder and gives the attempt's own back", () => {
    const made = plan([])
    expect(at(made, "/")).toMatchObject({ source: { host: "/" }, readOnly: true })
    expect(at(made, data)).toMatchObject({ source: { skeleton: data }, readOnly: true })
    expect(skeleton(made, data)).toEqual([
      ...["local", "local/attempts", "local/attempts/x"],
      ...["work", "home", "tmp", "result"].map((name) => `local/attempts/x/${name}`),
    ])
    expect(at(made, `${attempt}/work`)).toMatchObject({ source: { host: `${attempt}/work` }, readOnly: false })
    expect(targets(made).indexOf(data)).toBeLessThan(targets(made).indexOf(`${attempt}/work`))
    for (const path of ["/proc/sys", "/proc/irq", "/sys/fs/cgroup", "/run"]) {
      expect(at(made, path)).toMatchObject({ readOnly: true })
    }
    expect(at(made, "/tmp")).toMatchObject({ source: { host: `${attempt}/tmp` }, readOnly: false })
    expect(at(made, "/run/systemd/resolve")).toMatchObject({ readOnly: true })
    expect(skeleton(made, "/run")).toContain("systemd/resolve")
  })

  it("makes a missing mount point in a stand-in for its nearest folder, with everything that is there", () => {
    const made = plan([volume("/data"), volume("/usr/share/b/c")])
    expect(skeleton(made, "/")).toEqual(expect.arrayContaining(["usr", "bin", ".file", "data"]))
    expect(at(made, "/")).toMatchObject({ source: { skeleton: "/" } })
    expect(at(made, "/usr")).toMatchObject({ source: { host: "/usr" }, readOnly: true })
    expect(at(made, "/bin")).toBeUndefined()
    expect(skeleton(made, "/usr/share")).toEqual(["a", "readme", "b", "b/c"])
    expect(targets(made).indexOf("/usr")).toBeLessThan(targets(made).indexOf("/usr/share"))
    expect(targets(made).indexOf("/usr/share/a")).toBeLessThan(targets(made).indexOf("/usr/share/b/c"))
  })

  it("needs no stand-in for a mount point that is there, also behind a link", () => {
    const made = plan([volume("/opt"), volume("/bin")])
    expect(made.skeletons.map(({ stands }) => stands)).not.toContain("/")
    expect(at(made, "/usr/bin")).toMatchObject({ source: { host: "/claims/bin" } })
  })

  it("leaves a mount point inside another volume to that volume, and mounts outer ones first", () => {
    const made = plan([volume("/data/in"), volume("/data")])
    expect(skeleton(made, "/")).not.toContain("data/in")
    expect(targets(made).slice(-2)).toEqual(["/data", "/data/in"])
  })

  it("makes mount points below its own folders where they will be seen", () => {
    const made = plan([volume("/tmp/a/b"), volume("/run/app"), volume("/dev/shm")])
    expect(made.points).toEqual([{ path: `${attempt}/tmp/a/b`, form: "folder" }])
    expect(skeleton(made, "/run")).toContain("app")
    expect(skeleton(made, "/dev")?.filter((name) => name === "shm")).toEqual(["shm"])
  })

  it("works when Berth's folder is below /tmp or /run, and keeps what must stay visible", () => {
    const below = plan([], { data: "/tmp/b", visible: ["/tmp/b/venvs/1", "/tmp/checkout", "/usr/bin"] })
    expect(below.points).toEqual(
      expect.arrayContaining([
        { path: "/tmp/b/local/attempts/x/tmp/b", form: "folder" },
        { path: "/tmp/b/local/attempts/x/tmp/checkout", form: "folder" },
      ]),
    )
    expect(skeleton(below, "/tmp/b")).toContain("venvs/1")
    expect(targets(below)).toEqual(expect.arrayContaining(["/tmp/b/venvs/1", "/tmp/checkout"]))
    expect(targets(below).filter((path) => path === "/usr/bin")).toEqual([])
    expect(skeleton(plan([], { data: "/run/b" }), "/run")).toContain("b")
  })

  it.each(["/", "/proc/x", "/sys"])("refuses %s", (path) => {
    expect(() => plan([volume(path)])).toThrow(LaunchRefused)
  })

  it("is the same for the same machine", () => {
    expect(plan([volume("/data")])).toEqual(plan([volume("/data")]))
  })
})

describe("its table for mount", () => {
  it("mounts once more, with its flags, what the host has mounted below, and escapes blanks", () => {
    const hostMounts = parseMounts(
      [
        "1 0 8:1 / / rw,relatime - ext4 /dev/a rw",
        "2 1 8:2 / /home rw,nosuid,nodev,relatime - ext4 /dev/b rw",
        "3 1 8:3 / /mnt/a\\040b rw,noexec - ext4 /dev/c rw",
        "4 1 0:5 / /proc rw - proc proc rw",
      ].join("\n"),
    )
    const table = toTable([{ form: "bind", source: { host: "/" }, target: "/", readOnly: true }], {
      skeletons: { pathOf: (source) => ("host" in source ? source.host : "") },
      root: "/r",
      hostMounts,
    })
    expect(table.split("\n")).toEqual([
      "/ /r none rbind,ro 0 0",
      "/home /r/home none rbind,ro,nosuid,nodev 0 0",
      "/mnt/a\\040b /r/mnt/a\\040b none rbind,ro,noexec 0 0",
      "",
    ])
  })
})
