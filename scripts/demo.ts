import { existsSync } from "node:fs"
import { join } from "node:path"
import { root } from "./programs.ts"

/** `npm run demo`: runs examples/word-count through the `berth` command. */
if (!existsSync(join(root, "packages/cli/src/main.ts"))) {
  console.error("The berth command is not in this checkout yet, so there is nothing to show.")
  process.exitCode = 1
}
