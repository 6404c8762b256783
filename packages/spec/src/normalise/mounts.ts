import type { Volume } from "../requirements.ts"
import { type Given, type Reading, replaceWith } from "./reading.ts"
import { readText } from "./values.ts"

const maxPath = 1024
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const control = /[\u0000-\u001f\u007f]/

/** Directories that a mounted volume would hide from every program. */
const systemDirectories: ReadonlySet<string> = new Set(
  "/ /bin /boot /dev /etc /lib /lib64 /proc /sbin /sys /usr /usr/bin /usr/lib".split(" "),
)

/** An absolute path without `:`, `.` and `..`; a trailing or doubled slash is left out. */
export function readMountPath(given: Given, reading: Reading): string | undefined {
  const text = readText(given, reading)
  if (text === undefined) return undefined
  const problem = problemOf(text)
  if (problem !== undefined) {
    const { reason, suggestion } = problem
    const data = { value: text, reason, ...(suggestion !== undefined && { suggestion }) }
    reading.say("volume.mount_path.invalid", data, replaceWith(given, suggestion))
    return undefined
  }
  const mountPath = `/${partsOf(text).join("/")}`
  const isSystem = systemDirectories.has(mountPath) || /^\/(proc|sys)\//.test(mountPath)
  if (isSystem) reading.say("volume.mount_path.hides", { mountPath, hidden: mountPath }, { path: given.path })
  return mountPath
}

function problemOf(text: string): { readonly reason: string; readonly suggestion?: string } | undefined {
  const parts = partsOf(text)
  if (text === "") return { reason: "it is empty" }
  if (text.length > maxPath) return { reason: `it is longer than ${maxPath} characters` }
  if (control.test(text)) return { reason: "it contains a line break or tab" }
  if (text.includes(":")) return { reason: "it contains a colon" }
  if (parts.includes("..")) return { reason: 'it contains ".."' }
  if (text.startsWith("/")) return undefined
  return { reason: "it does not begin with /", ...(/^[\w]/.test(text) && { suggestion: `/${parts.join("/")}` }) }
}

function partsOf(path: string): readonly string[] {
  return path.split("/").filter((part) => part !== "" && part !== ".")
}

/** A path inside a volume: relative, without `..`. */
export function readSubPath(given: Given, reading: Reading): string | undefined {
  const text = readText(given, reading)
  if (text === undefined) return undefined
  const reason = subPathProblem(text)
  if (reason === undefined) return text
  reading.say("volume.path", { value: text, reason }, { path: given.path })
  return undefined
}

function subPathProblem(text: string): string | undefined {
  if (text === "") return "it is empty"
  if (text.length > maxPath) return `it is longer than ${maxPath} characters`
  if (control.test(text)) return "it contains a line break or tab"
  if (text.startsWith("/")) return "it begins with /"
  if (text.split("/").includes("..")) return 'it contains ".."'
  return text.includes(":") ? "it contains a colon" : undefined
}

interface Mount {
  readonly volume: Volume
  readonly given: Given
}

/** Mount paths of one list: two alike are an error (the later is refused), one inside another is a warning. */
export function checkMounts(mounts: readonly Mount[], reading: Reading): ReadonlySet<unknown> {
  const taken = new Map<string, Mount>()
  const refused = new Set<unknown>()
  for (const mount of mounts) {
    const { mountPath, name } = mount.volume
    const other = taken.get(mountPath)
    if (other === undefined) {
      taken.set(mountPath, mount)
      continue
    }
    refused.add(mount.volume)
    const data = { mountPath, volume: name, other: other.volume.name }
    reading.say("volume.mount_path.duplicate", data, { path: mount.given.path })
  }
  for (const [mountPath, { given }] of taken) {
    const parent = ancestorsOf(mountPath).find((ancestor) => taken.has(ancestor))
    if (parent !== undefined) reading.say("volume.mount_path.nested", { mountPath, parent }, { path: given.path })
  }
  return refused
}

/** `/a/b/c` → `/a/b`, `/a`. */
function ancestorsOf(path: string): readonly string[] {
  const parts = partsOf(path)
  return parts.slice(1).map((_, index) => `/${parts.slice(0, parts.length - 1 - index).join("/")}`)
}
