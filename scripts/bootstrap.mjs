// Plain JavaScript for any Node from 20 on: installs what package-lock.json names when it is not there, then runs a
// program of this folder on the Node that the lock file brings along.
import { spawnSync } from "node:child_process"
import { existsSync, readFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const [program, ...args] = process.argv.slice(2)

// The sources run unbuilt; what Node makes of them is kept for the next start.
process.env.NODE_COMPILE_CACHE ??= join(root, "node_modules", ".cache", "node")

/** Whether node_modules holds exactly the versions that package-lock.json names. */
function isInstalled() {
  const written = join(root, "node_modules", ".package-lock.json")
  if (!existsSync(written)) return false
  const wanted = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")).packages
  const present = JSON.parse(readFileSync(written, "utf8")).packages
  return Object.entries(wanted).every(([path, entry]) => {
    if (!path.startsWith("node_modules/") && !path.includes("/node_modules/")) return true
    const installed = present[path]
    if (installed === undefined) return entry.optional === true || entry.devOptional === true || entry.peer === true
    return installed.version === entry.version && installed.link === entry.link
  })
}

/** Runs a command in the terminal; its failure is this program's. */
function run(command, commandArgs) {
  const { status, signal, error } = spawnSync(command, commandArgs, { cwd: root, stdio: "inherit" })
  if (error !== undefined) throw error
  if (status !== 0) process.exit(status ?? (signal === "SIGINT" ? 130 : 1))
}

function modernNode() {
  const installed = join(root, "node_modules", ".bin", "node")
  if (existsSync(installed)) return installed
  if (Number(process.versions.node.split(".")[0]) >= 24) return process.execPath
  console.error(
    `Berth's tools need Node 24 or newer; this is ${process.versions.node}, and npm has none for ${process.platform}-${process.arch}.`,
  )
  process.exit(1)
}

if (!isInstalled()) {
  console.error("installing the packages of package-lock.json …")
  run("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"])
}
run(modernNode(), ["--conditions=@berth/source", join(root, "scripts", `${program}.ts`), ...args])
