import { execFile } from "node:child_process"
import { dirname } from "node:path"
import { promisify } from "node:util"
import { LaunchRefused } from "./engine.ts"

/** A Python interpreter of this machine. */
export interface Python {
  /** The real executable: a version manager's stand-in depends on the environment and the working directory. */
  readonly executable: string
  /** `3.11.7` */
  readonly version: string
  /** Where it and its libraries are: it may be anywhere on the machine, also below `/tmp`. */
  readonly folders: readonly string[]
  /** True when its own pip can install into another environment; pip learned that with 22.3. */
  readonly hasPip: boolean
}

const question = `
import sys
print(sys.executable)
print(".".join(map(str, sys.version_info[:3])))
print(sys.prefix)
print(sys.base_prefix)
try:
  import pip
  print(pip.__version__)
except ImportError: pass
`

/**
 * Finds `python3` on the path and asks it where it really is.
 *
 * @throws LaunchRefused when there is none, or it is older than 3.8.
 */
export async function findPython(environment: NodeJS.ProcessEnv): Promise<Python> {
  const [executable = "", version = "", prefix = "", basePrefix = "", pip = ""] = (await ask(environment))
    .split("\n")
    .map((line) => line.trim())
  const [major = 0, minor = 0] = version.split(".").map(Number)
  if (major === 3 && minor >= 8 && executable !== "") {
    return {
      executable,
      version,
      folders: [...new Set([dirname(executable), prefix, basePrefix])],
      hasPip: isNewPip(pip),
    }
  }
  throw new LaunchRefused(`Python handlers need python3 3.8 or newer, and this machine's is ${version || "unusable"}.`)
}

function isNewPip(version: string): boolean {
  const [major = 0, minor = 0] = version.split(".").map(Number)
  return major > 22 || (major === 22 && minor >= 3)
}

async function ask(environment: NodeJS.ProcessEnv): Promise<string> {
  try {
    return (await promisify(execFile)("python3", ["-c", question], { env: environment, timeout: 20_000 })).stdout
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    const why = code === "ENOENT" ? "there is no python3 on the server's PATH" : `python3 does not start (${message})`
    throw new LaunchRefused(`A python function runs on this machine's own interpreter, and ${why}. Install Python 3.`, {
      cause: error,
    })
  }
}
