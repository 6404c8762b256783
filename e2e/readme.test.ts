import { execFile } from "node:child_process"
import { readFile } from "node:fs/promises"
import { join } from "node:path"
import { promisify } from "node:util"
import { afterAll, beforeAll, expect, test } from "vitest"
import { root } from "../scripts/programs.ts"
import { type ServerProcess, startServerProcess } from "./server-process.ts"

let server: ServerProcess | undefined

beforeAll(async () => {
  server = await startServerProcess()
})

afterAll(() => server?.close())

/** The first block of a language in a Markdown text. */
function firstBlock(markdown: string, language: string): string {
  const block = new RegExp(`\`\`\`${language}\n([\\s\\S]*?)\`\`\``).exec(markdown)?.[1]
  if (block === undefined) throw new Error(`There is no block of ${language}.`)
  return block
}

test("the example of the README runs as it stands", async () => {
  const example = firstBlock(await readFile(join(root, "README.md"), "utf8"), "ts")
  const program = `${example}\nconsole.log(JSON.stringify(text))\n`
  const args = ["--conditions=@berth/source", "--input-type=module-typescript", "--eval", program]
  const env = { ...process.env, BERTH_ENDPOINT: server?.url }
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: root, env, timeout: 30_000 })
  expect(JSON.parse(stdout)).toBe("hello world")
})

test("the README is short enough to be read", async () => {
  const lines = (await readFile(join(root, "README.md"), "utf8")).split("\n").length
  expect(lines).toBeLessThanOrEqual(120)
})
