import { BerthError } from "@berth/spec"
import type { Platform } from "./platform.ts"

const refuse = (form: string) => async (): Promise<never> => {
  throw new BerthError("unsupported", `Code from a ${form} needs Node; in a browser give it as { inline: "…" }.`)
}

/** Where there is neither an environment nor a file system. */
export const platform: Platform = {
  readEnvironment: () => ({}),
  findServer: async () => undefined,
  packFile: refuse("file"),
  packFolder: refuse("folder"),
}
