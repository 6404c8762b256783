import { readFile } from "node:fs/promises"
import { join } from "node:path"
import { installed, root, runProgram } from "./programs.ts"

/** `npm run check`: everything about the sources that needs no run. All steps are made, whatever fails. */
const steps: Readonly<Record<string, () => Promise<number>>> = {
  "format and lint": () => runProgram(installed("biome"), ["ci", "--error-on-warnings", "--colors=off", "."]),
  types: () => runProgram(installed("tsc"), ["-b"]),
  "unused and undeclared": () => runProgram(process.execPath, [installed("knip")]),
  "lock file": checkLockFile,
  "generated files": checkGenerated,
}

/** An address in the lock file would tie every clone to one registry. */
async function checkLockFile(): Promise<number> {
  const lock = await readFile(join(root, "package-lock.json"), "utf8")
  const addresses = lock.match(/"resolved": "https?:[^"]*"/g) ?? []
  for (const address of addresses) console.log(`package-lock.json: ${address}`)
  return addresses.length === 0 ? 0 : 1
}

/** Programs that write files into the repository; their output must be what is committed. */
const generators: readonly string[] = ["scripts/generate-docs.ts"]

async function checkGenerated(): Promise<number> {
  for (const generator of generators) {
    const code = await runProgram(process.execPath, ["--conditions=@berth/source", join(root, generator)])
    if (code !== 0) return code
  }
  return await runProgram("git", ["diff", "--exit-code", "--stat", "--", "docs", "fixtures"])
}

const failed: string[] = []
for (const [name, step] of Object.entries(steps)) {
  const code = await step()
  console.log(`${code === 0 ? "ok" : "FAILED"}  ${name}`)
  if (code !== 0) failed.push(name)
}
if (failed.length > 0) console.log(`check failed: ${failed.join(", ")}`)
process.exitCode = failed.length === 0 ? 0 : 1
