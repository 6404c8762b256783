import { existsSync, readdirSync } from "node:fs"
import { join } from "node:path"
import { root, runProgram } from "./programs.ts"

/** `npm run bench -- NAME`: runs `bench/NAME.ts`; its last line is one line of JSON with the figures and the ratio. */
const [name, ...args] = process.argv.slice(2)
const folder = join(root, "bench")
const file = join(folder, `${name}.ts`)
if (name === undefined || !existsSync(file)) {
  const names = readdirSync(folder).filter((entry) => entry.endsWith(".ts") && !entry.endsWith(".test.ts"))
  console.error(`npm run bench -- NAME, with NAME one of: ${names.map((entry) => entry.slice(0, -3)).join(", ")}`)
  process.exitCode = 2
} else {
  process.exitCode = await runProgram(process.execPath, ["--conditions=@berth/source", file, ...args])
}
