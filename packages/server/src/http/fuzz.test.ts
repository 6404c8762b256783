import type { AddressInfo } from "node:net"
import { type Route, routes } from "@berth/spec"
import fc from "fast-check"
import type { InjectOptions } from "fastify"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { seedProject, startTestApp, type TestApp } from "./app-for-tests.ts"

let test: TestApp

beforeAll(async () => {
  test = await startTestApp()
  await seedProject(test)
})
afterAll(() => test.close())

const words = [
  "kind",
  "spec",
  "name",
  "id",
  "function",
  "task",
  "volumes",
  "resources",
  "envs",
  "secrets",
  "tolerations",
  "affinity",
  "node_selector",
  "profile",
  "metadata",
  "labels",
  "status",
  "state",
  "container+job:run",
  "container",
  "constructor",
  "__proto__",
  "toString",
  "container://alpha/hello:c1",
  "container+job://alpha/t1",
  "cpu",
  "mem",
  "gpu",
  "64Gi",
  "\u0000",
  "../..",
  "",
]
const word = fc.oneof(fc.constantFrom(...words), fc.string({ unit: "binary", maxLength: 12 }))
const json = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: "small" },
    word,
    fc.double(),
    fc.integer(),
    fc.boolean(),
    fc.constant(null),
    fc.array(tie("value"), { maxLength: 4 }),
    fc.array(fc.tuple(word, tie("value")), { maxLength: 5 }).map((entries) => Object.fromEntries(entries)),
  ),
})).value

async function counts(): Promise<string> {
  const { store } = test
  const all = { page: 0, size: 1 }
  const owned = [
    (await store.projects.list(all)).total,
    (await store.entities.list("alpha", "function", { ...all, versions: "all" })).total,
    (await store.entities.list("alpha", "task", { ...all, versions: "all" })).total,
    (await store.runs.list("alpha", all)).total,
    (await store.secrets.list("alpha", all)).total,
    (await store.settings.profiles()).length,
    (await store.principals.tokens("anonymous")).length,
    (await store.principals.shares("alpha")).length,
  ]
  return owned.join()
}

async function send(options: { method: string; url: string; payload?: string }) {
  const headers = {
    host: "127.0.0.1",
    "x-berth-client": "fuzz",
    ...(options.payload !== undefined && { "content-type": "application/json" }),
  }
  return test.app.inject({ ...options, headers } as InjectOptions)
}

/** Whatever came: an answer that is no 500, and a refusal that left everything as it was. */
async function expectSane(options: { method: string; url: string; payload?: string }): Promise<void> {
  const before = await counts()
  const response = await send(options)
  expect(response.statusCode, `${response.payload}\n${test.logged.at(-2)}`).toBeLessThan(500)
  if (response.statusCode < 400) return
  expect(response.json()).toMatchObject({ status: response.statusCode, message: expect.any(String) })
  expect(await counts()).toBe(before)
}

const fuzzed = (Object.values(routes) as Route[]).filter(
  ({ stream, name }) => stream === undefined && name !== "deleteProject",
)

describe("the edge", () => {
  it("answers any JSON on any route", async () => {
    const request = fc.record({
      route: fc.constantFrom(...fuzzed),
      params: fc.array(word, { minLength: 3, maxLength: 3 }),
      body: json,
    })
    await fc.assert(
      fc.asyncProperty(request, async ({ route, params, body }) => {
        const values = [...params]
        const url = route.path.replaceAll(/\{(\w+)\}/g, (_, name) =>
          name === "project" ? "alpha" : encodeURIComponent((values.pop() ?? "x").toWellFormed()),
        )
        const payload = route.method === "GET" || route.method === "DELETE" ? undefined : JSON.stringify(body)
        await expectSane({ method: route.method, url, ...(payload !== undefined && { payload }) })
      }),
      { numRuns: 400 },
    )
  })

  it("answers any path and query", async () => {
    const part = fc.oneof(
      fc.constantFrom(
        "api",
        "v1",
        "-",
        "alpha",
        "runs",
        "functions",
        "berth",
        "projects",
        "..",
        "%00",
        "%ff",
        "%",
        "//",
      ),
      word,
    )
    const request = fc.record({
      method: fc.constantFrom("GET", "POST", "PUT", "DELETE"),
      parts: fc.array(part, { maxLength: 7 }),
      query: fc.array(
        fc.tuple(fc.constantFrom("page", "size", "sort", "q", "kind", "name", "created", "id", "x"), word),
        { maxLength: 4 },
      ),
    })
    await fc.assert(
      fc.asyncProperty(request, async ({ method, parts, query }) => {
        const text = query.map(([name, value]) => `${name}=${encodeURIComponent(value.toWellFormed())}`).join("&")
        const path = parts
          .map((segment) => (segment.startsWith("%") ? segment : encodeURI(segment.toWellFormed())))
          .join("/")
        if (method === "DELETE" && path === "api/v1/projects/alpha") return
        await expectSane({ method, url: `/${path}?${text}` })
      }),
      { numRuns: 400 },
    )
  })

  it("takes a run whole or not at all, whatever one of its members is", async () => {
    const member = fc.constantFrom(
      "volumes",
      "resources",
      "envs",
      "secrets",
      "tolerations",
      "affinity",
      "node_selector",
      "profile",
      "args",
      "parameters",
      "task",
      "timeouts",
      "retries",
      "security_context",
      "pod_patch",
      "replicas",
      "service_ports",
      "local_execution",
      "x",
    )
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(member, json), { minLength: 1, maxLength: 3 }), async (members) => {
        const before = (await test.store.runs.list("alpha", { page: 0, size: 1 })).total
        const spec = { function: "container://alpha/hello:c1", ...Object.fromEntries(members) }
        const payload = JSON.stringify({ kind: "container+job:run", spec })
        const planned = await send({ method: "POST", url: "/api/berth/v1/projects/alpha/plan", payload })
        const response = await send({ method: "POST", url: "/api/v1/-/alpha/runs", payload })
        expect(response.statusCode, `${payload}\n${response.payload}\n${test.logged.at(-2)}`).toBeLessThan(500)
        const after = (await test.store.runs.list("alpha", { page: 0, size: 1 })).total
        expect(after - before).toBe(response.statusCode === 200 ? 1 : 0)
        if (planned.statusCode === 200) expect(planned.json().accepted).toBe(response.statusCode === 200)
        if (response.statusCode !== 200) return
        const { id } = response.json()
        expect((await test.store.runs.get("alpha", id))?.spec).toEqual(JSON.parse(payload).spec)
        expect((await send({ method: "GET", url: `/api/v1/-/alpha/runs/${id}` })).statusCode).toBe(200)
      }),
      { numRuns: 400 },
    )
  })
})

it("answers a client that sends 10 MB before it listens", async () => {
  await test.app.listen({ host: "127.0.0.1", port: 0 })
  const { port } = test.app.server.address() as AddressInfo
  const response = await fetch(`http://127.0.0.1:${port}/api/v1/-/alpha/runs`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: `{"kind":"${"x".repeat(10_000_000)}"}`,
  })
  expect(response.status).toBe(400)
  expect(await response.json()).toMatchObject({ issues: [{ code: "request.too_large" }] })
})
