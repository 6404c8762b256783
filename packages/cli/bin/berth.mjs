#!/usr/bin/env node
// Plain JavaScript for any Node: says in one line what it needs before anything newer is parsed. Inside a checkout it
// runs the sources, which need no build and are never older than what one sees; installed, the bundle.
import { existsSync } from "node:fs"
import * as nodeModule from "node:module"
import { fileURLToPath } from "node:url"

const [major] = process.versions.node.split(".")
if (Number(major) < 24) {
  console.error(
    `berth needs Node 24 or newer; this is ${process.versions.node}. Inside a checkout, npx berth brings its own.`,
  )
  process.exit(1)
}
const sources = new URL("../src/main.ts", import.meta.url)
if (existsSync(sources)) {
  nodeModule.enableCompileCache(fileURLToPath(new URL("../../../node_modules/.cache/node", import.meta.url)))
  nodeModule.registerHooks({
    resolve: (specifier, context, next) =>
      next(specifier, { ...context, conditions: ["@berth/source", ...(context.conditions ?? [])] }),
  })
  await import(sources.href)
} else await import(new URL("../dist-bundle/berth.mjs", import.meta.url).href)
