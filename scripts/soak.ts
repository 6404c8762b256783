import { globSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { installed, root, runProgram } from "./programs.ts"

/** `npm run soak -- NAME`: the full counts of the suite that asks for `scaled("NAME", …)` or `isSoak("NAME")`. */
const [name, ...args] = process.argv.slice(2)
const files = globSync(["packages/*/src/**/*.test.ts", "e2e/**/*.test.ts", "examples/**/*.test.ts"], { cwd: root })
const suites = new Map<string, string[]>()
for (const file of files) {
  for (const [, suite = ""] of readFileSync(join(root, file), "utf8").matchAll(/(?:scaled|isSoak)\("([^"]+)"/g)) {
    suites.set(suite, [...new Set([...(suites.get(suite) ?? []), file])])
  }
}

const wanted = suites.get(name ?? "")
if (name === undefined || wanted === undefined) {
  console.error(
    `npm run soak -- NAME, with NAME one of: ${[...suites.keys()].sort().join(", ") || "(no suite is scaled yet)"}`,
  )
  process.exitCode = 2
} else {
  const limits = ["--testTimeout=7200000", "--hookTimeout=600000"]
  process.exitCode = await runProgram(process.execPath, [installed("vitest"), "run", ...limits, ...wanted, ...args], {
    BERTH_SOAK: name,
  })
}
