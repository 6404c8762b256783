import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { createServer } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { BerthError } from "@berth/spec"
import { afterEach, beforeEach, describe, expect, test } from "vitest"
import { type Config, readConfig } from "./config.ts"
import { type RunningServer, startServer } from "./main.ts"
import { version } from "./version.ts"

let dataDir: string
const running: RunningServer[] = []

beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), "berth-main-"))
})

afterEach(async () => {
  for (const server of running.splice(0)) await server.close()
  rmSync(dataDir, { recursive: true, force: true })
})

async function start(change: Partial<Config> = {}): Promise<RunningServer> {
  const config = readConfig({ BERTH_LISTEN: "127.0.0.1:0", BERTH_DATA: dataDir, BERTH_LOG_LEVEL: "silent" })
  const server = await startServer({ ...config, ...change })
  running.push(server)
  return server
}

async function refusal(start: Promise<unknown>): Promise<BerthError> {
  const error = await start.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(BerthError)
  return error as BerthError
}

describe("startServer", () => {
  test("answers where it says it listens", async () => {
    const { url } = await start()
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)
    expect((await fetch(`${url}/health`)).status).toBe(200)
  })

  test("refuses a data folder that another server has, and names its pid", async () => {
    const first = await start()
    const error = await refusal(start())
    expect(error.message).toContain(String(process.pid))
    expect((await fetch(`${first.url}/health`)).status).toBe(200)
  })

  test("refuses an address beyond loopback without tokens, before anything is opened", async () => {
    const error = await refusal(start({ listen: { host: "0.0.0.0", port: 0 } }))
    expect(error.code).toBe("invalid")
    expect(error.message).toContain("BERTH_TOKENS_FILE")
  })

  test("refuses an executor that is not here", async () => {
    expect((await refusal(start({ executor: "kubernetes" }))).code).toBe("unsupported")
  })

  test("lets go of the data folder when its address is taken", async () => {
    const taken = createServer()
    await new Promise<void>((resolve) => taken.listen(0, "127.0.0.1", resolve))
    const { port } = taken.address() as { port: number }
    const error = await refusal(start({ listen: { host: "127.0.0.1", port } }))
    expect(error.code).toBe("unavailable")
    expect(error.message).toContain(`127.0.0.1:${port}`)
    await new Promise<void>((resolve) => taken.close(() => resolve()))
    await start({ listen: { host: "127.0.0.1", port } })
  })

  test("closes twice as well as once, with a stream open, and leaves nothing listening", async () => {
    const server = await start()
    const create = { method: "POST", headers: { "content-type": "application/json" }, body: '{"name":"streams"}' }
    expect((await fetch(`${server.url}/api/v1/projects`, create)).status).toBe(200)
    const stream = await fetch(`${server.url}/api/berth/v1/projects/streams/events`)
    const reading = stream.text().catch(() => "cut off")
    await server.close()
    await server.close()
    await reading
    await expect(fetch(`${server.url}/health`)).rejects.toThrow()
  })

  test("says that it is idle once nobody asks for anything, and not before", async () => {
    const server = await start({ idleMinutes: 0.01 })
    let isIdle = false
    void server.hasToEnd.then(() => {
      isIdle = true
    })
    for (let asked = 0; asked < 10; asked++) {
      await new Promise((resolve) => setTimeout(resolve, 100))
      await (await fetch(`${server.url}/health`)).text()
    }
    expect(isIdle).toBe(false)
    await expect.poll(() => isIdle, { timeout: 5000 }).toBe(true)
    expect(await server.hasToEnd).toBe("idle")
  })

  test("has the version of its package", () => {
    const manifest = JSON.parse(readFileSync(join(import.meta.dirname, "../package.json"), "utf8"))
    expect(version).toBe(manifest.version)
  })
})
