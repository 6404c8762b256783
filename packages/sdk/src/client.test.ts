import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest"
import { createClient } from "./index.ts"
import { json, refusal } from "./testing/wire-double.ts"

let root = ""

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "berth-client-"))
})

afterEach(async () => {
  vi.unstubAllEnvs()
  await rm(root, { recursive: true, force: true })
})

/** Where a client with these options sends its requests, and with which token. */
async function target(options: Parameters<typeof createClient>[0]): Promise<readonly [string, string | null]> {
  let seen: readonly [string, string | null] | undefined
  const fetch: typeof globalThis.fetch = async (input, init) => {
    const request = new Request(input, init)
    seen = [new URL(request.url).origin, request.headers.get("authorization")]
    return json({ status: "UP", version: "1" })
  }
  await createClient({ ...options, fetch }).health()
  if (seen === undefined) throw new Error("nothing was sent")
  return seen
}

async function writeRecord(folder: string, record: unknown): Promise<void> {
  await mkdir(join(folder, ".berth"), { recursive: true })
  await writeFile(join(folder, ".berth", "server.json"), typeof record === "string" ? record : JSON.stringify(record))
}

describe("the server is", () => {
  test("the one given, before every other", async () => {
    vi.stubEnv("BERTH_ENDPOINT", "http://environment:1")
    vi.stubEnv("BERTH_TOKEN", "from-environment")
    expect(await target({ endpoint: "http://given:2", token: "given" })).toEqual(["http://given:2", "Bearer given"])
    expect(await target({ endpoint: "http://given:2" })).toEqual(["http://given:2", "Bearer from-environment"])
    expect(await target({ folder: root })).toEqual(["http://environment:1", "Bearer from-environment"])
  })

  test("the nearest folder's, upwards", async () => {
    vi.stubEnv("BERTH_TOKEN", "of-another-server")
    await writeRecord(root, { endpoint: "http://127.0.0.1:1001", token: "outer" })
    await mkdir(join(root, "a", "b", "c"), { recursive: true })
    expect(await target({ folder: join(root, "a", "b", "c") })).toEqual(["http://127.0.0.1:1001", "Bearer outer"])
    vi.stubEnv("BERTH_TOKEN", "")
    await writeRecord(join(root, "a"), { endpoint: "http://127.0.0.1:1002" })
    expect(await target({ folder: join(root, "a", "b") })).toEqual(["http://127.0.0.1:1002", null])
  })

  test("nowhere: it says what to do", async () => {
    const error = await refusal(createClient({ folder: root }).health())
    expect(error).toMatchObject({ code: "unavailable", message: expect.stringContaining("berth serve") })
  })

  test.each(["{", "[]", "{}", '{"endpoint":1}'])("a record that is %s is named", async (text) => {
    await writeRecord(root, text)
    const error = await refusal(createClient({ folder: root }).health())
    expect(error.message).toContain(join(root, ".berth", "server.json"))
  })

  test("looked for anew when it was started anew elsewhere", async () => {
    await writeRecord(root, { endpoint: "http://127.0.0.1:1" })
    const asked: string[] = []
    const client = createClient({
      folder: root,
      fetch: async (input) => {
        asked.push(new URL(String(input)).port)
        if (String(input).includes(":1/")) throw new TypeError("fetch failed")
        return json({ status: "UP", version: "1" })
      },
    })
    expect((await refusal(client.health())).code).toBe("unavailable")
    await writeRecord(root, { endpoint: "http://127.0.0.1:2" })
    await client.health()
    await client.health()
    expect(asked).toEqual(["1", "2", "2"])
  })
})
