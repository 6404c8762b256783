import { cp, rm } from "node:fs/promises"
import { join } from "node:path"
import { build } from "esbuild"
import { root } from "./programs.ts"

/** CommonJS packages inside an ES module bundle still ask for these. */
const banner = [
  'import { createRequire as berthRequire } from "node:module";',
  "const require = berthRequire(import.meta.url);",
  "const __filename = import.meta.filename;",
  "const __dirname = import.meta.dirname;",
].join("\n")

/**
 * Bundles the `berth` command: one file, with what it imports dynamically (the server above all) in chunks beside it,
 * and the runners. Same sources, same bytes. Gives the path of the file to run.
 */
export async function bundleCli(folder = join(root, "packages/cli/dist-bundle")): Promise<string> {
  await rm(folder, { recursive: true, force: true })
  await build({
    absWorkingDir: root,
    entryPoints: { berth: "packages/cli/src/main.ts" },
    outdir: folder,
    bundle: true,
    splitting: true,
    minify: true,
    keepNames: true,
    legalComments: "none",
    format: "esm",
    platform: "node",
    target: "node24",
    conditions: ["@berth/source"],
    outExtension: { ".js": ".mjs" },
    chunkNames: "[name]-[hash]",
    external: ["pg-native"],
    banner: { js: banner },
    logLevel: "warning",
  })
  await cp(join(root, "runners"), join(folder, "runners"), {
    recursive: true,
    filter: (source) => !/__pycache__|\.test\.|test_[^/]*$|\/README/.test(source),
  })
  return join(folder, "berth.mjs")
}
