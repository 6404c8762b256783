import { BerthError } from "@berth/spec"
import { readConfig } from "./config.ts"
import { serve } from "./serve.ts"

try {
  await serve(readConfig(process.env))
} catch (error) {
  console.error(BerthError.from(error).message)
  process.exitCode = 1
}
