import { bundleCli } from "./bundle.ts"
import { installed, runProgram } from "./programs.ts"

/** `npm run build`: every package's JavaScript and types, then the bundled command. */
const code = await runProgram(installed("tsc"), ["-b"])
if (code === 0) console.log(`built ${await bundleCli()}`)
process.exitCode = code
