import { isBuiltin } from "node:module"
import { join } from "node:path"
import vm from "node:vm"
import { build } from "esbuild"
import { expect, test } from "vitest"

/** Bundles the package as an application of that platform would, and names the modules that stayed outside. */
async function bundle(platform: "browser" | "node", format: "esm" | "iife") {
  const outcome = await build({
    entryPoints: [join(import.meta.dirname, "index.ts")],
    bundle: true,
    minify: true,
    write: false,
    metafile: true,
    format,
    platform,
    globalName: "berth",
    conditions: ["@berth/source"],
    logLevel: "silent",
  })
  const inputs = Object.values(outcome.metafile.inputs).flatMap(({ imports }) => imports)
  const outside = inputs.filter(({ external }) => external === true).map(({ path }) => path)
  return { text: outcome.outputFiles[0]?.text ?? "", outside: [...new Set(outside)].sort() }
}

test("a browser's bundle has no module of Node in it", async () => {
  const { outside, text } = await bundle("browser", "esm")
  expect(outside).toEqual([])
  expect(text).not.toMatch(/\bfrom"node:|\brequire\(/)
})

test("Node's bundle has them: the check above can fail", async () => {
  const { outside } = await bundle("node", "esm")
  expect(outside).toContain("node:fs/promises")
  expect(outside.every(isBuiltin)).toBe(true)
})

test("the browser's bundle runs where there is nothing of Node: it calls a server, and says that folders need Node", async () => {
  const { text } = await bundle("browser", "iife")
  const asked: string[] = []
  const fetch = async (url: string) => {
    asked.push(url)
    return new Response(JSON.stringify({ status: "UP", version: "1" }))
  }
  // What browsers have and the language itself has not.
  const browser = {
    fetch,
    AbortSignal,
    AbortController,
    URLSearchParams,
    TextEncoder,
    TextDecoder,
    btoa,
    setTimeout,
    clearTimeout,
    queueMicrotask,
    Response,
  }
  const result: unknown = await vm.runInNewContext(
    `${text};
    (async () => {
      const client = berth.createClient({ endpoint: "https://berth.test" })
      const health = await client.health()
      const packed = await berth.packCode({ inline: "export const a = 'ü'" })
      const refused = await berth.packCode({ dir: "." }).catch((error) => error.code)
      const lost = await berth.createClient().health().catch((error) => error.code)
      return JSON.stringify({ health, packed, refused, lost })
    })()`,
    browser,
  )
  expect(JSON.parse(String(result))).toEqual({
    health: { status: "UP", version: "1" },
    packed: { form: "file", base64: Buffer.from("export const a = 'ü'").toString("base64") },
    refused: "unsupported",
    lost: "unavailable",
  })
  expect(asked).toEqual(["https://berth.test/health"])
})

test("what the package gives at run time is a reviewed list", async () => {
  expect(Object.keys(await import("./index.ts")).sort()).toEqual(["BerthError", "createClient", "packCode"])
})
