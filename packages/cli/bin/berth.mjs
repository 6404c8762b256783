#!/usr/bin/env node
// Plain JavaScript for any Node: says in one line what it needs before anything newer is parsed.
import { existsSync } from "node:fs"

const [major] = process.versions.node.split(".")
if (Number(major) < 24) {
  console.error(
    `berth needs Node 24 or newer; this is ${process.versions.node}. Inside a checkout, npx berth brings its own.`,
  )
  process.exit(1)
}
const bundle = new URL("../dist-bundle/berth.mjs", import.meta.url)
if (!existsSync(bundle)) {
  console.error("berth is not built yet. Run npm run build first.")
  process.exit(1)
}
await import(bundle.href)
