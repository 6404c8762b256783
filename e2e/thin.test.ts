import { readdirSync } from "node:fs"
import { join } from "node:path"
import { afterAll, beforeAll, expect, test, vi } from "vitest"
import { type Api, createApi } from "./api.ts"
import { type ServerProcess, startServerProcess } from "./server-process.ts"

let server: ServerProcess
let api: Api

beforeAll(async () => {
  server = await startServerProcess()
  api = createApi(() => server.url, "thin")
  await api.call("POST", "/api/v1/projects", { name: "thin" })
})

afterAll(async () => {
  expect(await server.terminate()).toBe(0)
  await server.close()
})

test("from POST to the exit code and the log, through real processes", async () => {
  const id = await api.submit({ command: "sh", args: ["-c", "echo hi; exit 3"] })
  const run = await vi.waitFor(
    async () => {
      const seen = await api.run(id)
      expect(seen.status.state).toBe("ERROR")
      return seen
    },
    { timeout: 10_000, interval: 20 },
  )
  expect(run.status).toMatchObject({
    reason: "exit.nonzero",
    message: "The program ended with exit code 3.",
    findings: [{ code: "exit.nonzero", data: { exitCode: 3 }, evidence: ["hi"] }],
  })
  expect(await api.log(id)).toBe("hi\n")
  await vi.waitFor(() => expect(readdirSync(join(server.dataDir, "local/attempts"))).toEqual([]), { timeout: 5000 })
})
