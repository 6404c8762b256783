import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { createFinding } from "@berth/spec"
import { describe, expect, test } from "vitest"
import { createClient } from "./index.ts"
import { createDouble, json, refusal, toEntity } from "./testing/wire-double.ts"

describe("requests", () => {
  test("carry the token, the client's header, lists as repeated members and an encoded path", async () => {
    const { client, seen } = createDouble(() => json([]))
    await refusal(
      client.transport.call("listRuns", {
        params: { project: "a/b" },
        query: { kind: "*", sort: ["name,asc", "created,desc"], id: ["1", "2"] },
      }),
    )
    expect(seen[0]?.url.href).toBe(
      "http://berth.test/api/v1/-/a%2Fb/runs?kind=*&sort=name%2Casc&sort=created%2Cdesc&id=1&id=2",
    )
    expect(seen[0]?.headers.get("authorization")).toBe("Bearer t0ken")
    expect(seen[0]?.headers.get("x-berth-client")).toBe("sdk")
  })

  test("a refusal comes with the server's code, every issue, and its request id", async () => {
    const issues = [
      createFinding("field.unknown", { key: "a" }, { path: ["a"] }),
      createFinding("exit.nonzero", { exitCode: 1 }),
    ]
    const { client } = createDouble(() =>
      json({ status: 400, message: "two problems", code: "invalid", issues, request_id: "q7" }, 400),
    )
    const error = await refusal(client.project("p1").runs.get("r1"))
    expect(error).toMatchObject({ code: "invalid", message: "two problems", requestId: "q7", issues })
  })

  test.each([
    [404, "not_found"],
    [401, "unauthenticated"],
    [403, "forbidden"],
    [429, "exhausted"],
    [418, "invalid"],
    [500, "internal"],
    [502, "unavailable"],
    [503, "unavailable"],
  ])("a refusal of %i without a body of ours is %s", async (status, code) => {
    const { client } = createDouble(() => new Response("<html>no</html>", { status }))
    expect(await refusal(client.health())).toMatchObject({ code, message: expect.stringContaining(String(status)) })
  })

  test("an answer that is not the contract's is told as such, with its place", async () => {
    const { client } = createDouble(() => json({ ...toEntity("RUNNING"), status: { state: "DONE" } }))
    const error = await refusal(client.project("p1").runs.get("r1"))
    expect(error).toMatchObject({ code: "internal", message: expect.stringContaining("status.state") })
  })

  test("no server: unavailable, with the address and the reason", async () => {
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
    const { port } = server.address() as AddressInfo
    await new Promise((resolve) => server.close(resolve))
    const error = await refusal(createClient({ endpoint: `http://127.0.0.1:${port}` }).health())
    expect(error).toMatchObject({ code: "unavailable", message: expect.stringContaining(`127.0.0.1:${port}`) })
    expect(error.message).toContain("ECONNREFUSED")
  })

  test("a time limit is a timeout, an abort is canceled, before and during the request", async () => {
    const { client } = createDouble(
      ({ signal }) =>
        new Promise((_, reject) => {
          if (signal.aborted) reject(signal.reason)
          signal.addEventListener("abort", () => reject(signal.reason))
        }),
    )
    expect((await refusal(client.health({ timeoutMs: 20 }))).code).toBe("timeout")
    const abort = new AbortController()
    const asked = refusal(client.health({ signal: abort.signal }))
    abort.abort()
    expect((await asked).code).toBe("canceled")
    expect((await refusal(client.health({ signal: AbortSignal.abort() }))).code).toBe("canceled")
  })
})
