import { execFile } from "node:child_process"
import { mkdirSync, rmSync } from "node:fs"
import { promisify } from "node:util"
import { type Places, placesOf } from "../places.ts"
import type { Tools } from "../tools.ts"
import { createBubblewrapIsolation } from "./bubblewrap.ts"
import type { Isolation } from "./isolation.ts"
import { createPlainIsolation } from "./none.ts"
import { createUnshareIsolation } from "./unshare.ts"

export interface ChooseOptions {
  readonly tools: Tools
  /** Only this one or nothing at all. */
  readonly wanted?: Isolation["name"] | undefined
}

/** The best isolation whose trial succeeded here. */
export async function chooseIsolation(data: string, { tools, wanted }: ChooseOptions): Promise<Isolation> {
  for (const isolation of listIsolations(tools, process.getuid?.() === 0)) {
    if (wanted !== undefined && isolation.name !== wanted) continue
    if (!isolation.namespaces || (await succeeds(isolation, data))) return isolation
  }
  return createPlainIsolation(tools)
}

/** Every way this machine has the programs for, best first. */
function listIsolations(tools: Tools, isRoot: boolean): readonly Isolation[] {
  const { bwrap, unshare, mount, chroot, setpriv, sh, setsid } = tools
  return [
    ...(bwrap === undefined ? [] : [createBubblewrapIsolation({ bwrap, sh })]),
    ...(unshare === undefined || mount === undefined || chroot === undefined || setpriv === undefined
      ? []
      : [createUnshareIsolation({ unshare, mount, chroot, setpriv, sh, setsid }, isRoot)]),
    createPlainIsolation({ sh, setsid }),
  ]
}

const trialMilliseconds = 5000
const trials = 3

/** The first process, a root that cannot be written, a folder that can. */
const trialScript = `
[ "$$" = 1 ] || exit 1
(true >/berth-trial) 2>/dev/null && exit 2
(true >/tmp/berth-trial) || exit 3
echo works
`

/** A real child in the real isolation: what is merely installed does not count. */
async function succeeds(isolation: Isolation, data: string): Promise<boolean> {
  const places = placesOf(data, `trial-${process.pid}-${isolation.name}`)
  for (const folder of [places.work, places.home, places.tmp, places.result]) mkdirSync(folder, { recursive: true })
  try {
    // The machine's mounts may change under a trial; a server must not do without isolation for that.
    for (let left = trials; left > 0; left--) if (await runTrial(isolation, places)) return true
    return false
  } finally {
    rmSync(places.attempt, { recursive: true, force: true })
  }
}

async function runTrial(isolation: Isolation, places: Places): Promise<boolean> {
  const [program = "", ...words] = isolation.wrap({ places, visible: [], volumes: [], script: trialScript })
  try {
    const { stdout } = await promisify(execFile)(program, words, { timeout: trialMilliseconds, env: {}, cwd: "/" })
    return stdout === "works\n"
  } catch (error) {
    if (error instanceof Error) return false
    throw error
  }
}
