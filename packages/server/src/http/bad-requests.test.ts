import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { type Finding, formatPath } from "@berth/spec"
import type { InjectOptions } from "fastify"
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest"
import { parse } from "yaml"
import * as z from "zod"
import { seedProject, startTestApp, type TestApp } from "./app-for-tests.ts"

const folder = join(import.meta.dirname, "../../../../fixtures/http-bad")

const caseSchema = z.strictObject({
  name: z.string(),
  request: z.string().regex(/^(GET|POST|PUT|DELETE) /),
  headers: z.record(z.string(), z.string()).optional(),
  body: z.unknown().optional(),
  raw: z.string().optional(),
  base64: z.string().optional(),
  generate: z.tuple([z.string(), z.number()]).optional(),
  status: z.union([z.number(), z.array(z.number())]).default(400),
  paths: z.array(z.string()).optional(),
  says: z.string().optional(),
})
type Case = z.infer<typeof caseSchema>

const files = readdirSync(folder)
  .filter((file) => file.endsWith(".yaml"))
  .map((file) => [file, z.array(caseSchema).parse(parse(readFileSync(join(folder, file), "utf8")))] as const)

const bodies: Readonly<Record<string, (size: number) => string>> = {
  spaces: (size) => " ".repeat(size),
  name: (size) => `{"kind":"container","name":"${"x".repeat(size)}","spec":{}}`,
  text: (size) => `{"kind":"container","name":"${"x".repeat(size)}"}`,
  "open-lists": (size) => "[".repeat(size),
  lists: (size) => `{"kind":"container","spec":{"a":${"[".repeat(size)}${"]".repeat(size)}}}`,
  objects: (size) => `${'{"a":'.repeat(size)}1${"}".repeat(size)}`,
  members: (size) => JSON.stringify(Object.fromEntries(Array.from({ length: size }, (_, index) => [`k${index}`, "v"]))),
  "yaml-lists": (size) => `kind: container\nspec: {a: ${"[".repeat(size)}${"]".repeat(size)}}\n`,
  "yaml-bomb": (size) =>
    `a0: &a0 [x, x, x, x, x, x, x, x, x]\n${Array.from({ length: size }, (_, index) => {
      const alias = `*a${index}`
      return `a${index + 1}: &a${index + 1} [${Array.from({ length: 9 }, () => alias).join(", ")}]\n`
    }).join("")}`,
}

function payloadOf({ body, raw, base64, generate }: Case): string | Buffer | undefined {
  if (generate !== undefined) return bodies[generate[0]]?.(generate[1])
  if (base64 !== undefined) return Buffer.from(base64, "base64")
  if (raw !== undefined) return raw
  return body === undefined ? undefined : JSON.stringify(body)
}

let test: TestApp
let before: string

beforeAll(async () => {
  test = await startTestApp()
  await seedProject(test)
  await test.call("POST", "/api/v1/-/alpha/secrets", { kind: "secret", name: "S", id: "s1" })
  const run = { kind: "container+job:run", id: "r1", spec: { function: "container://alpha/hello:c1" } }
  expect((await test.call("POST", "/api/v1/-/alpha/runs", run)).status).toBe(200)
})
beforeEach(async () => {
  before = await everything()
})
afterAll(() => test.close())

/** All that is stored, with its last changes. */
async function everything(): Promise<string> {
  const { store } = test
  const all = { page: 0, size: 1000 }
  const projects = (await store.projects.list(all)).rows
  const owned = await Promise.all(
    projects.map(async ({ name }) => [
      await store.entities.list(name, "function", { ...all, versions: "all" }),
      await store.entities.list(name, "task", { ...all, versions: "all" }),
      await store.runs.list(name, all),
      await store.secrets.list(name, all),
      await store.settings.policy(name),
      await store.settings.objects(name),
      await store.principals.shares(name),
    ]),
  )
  const tokens = await store.principals.tokens("anonymous")
  return JSON.stringify([projects, owned, await store.settings.profiles(), tokens, test.woken])
}

async function send(
  method: string,
  url: string,
  { headers, payload }: { headers?: object; payload?: string | Buffer | undefined },
) {
  const usual = {
    host: "127.0.0.1",
    "x-berth-client": "test",
    ...(payload !== undefined && { "content-type": "application/json" }),
  }
  const kept = Object.entries({ ...usual, ...headers }).filter(([, value]) => value !== "")
  const options = { method, url, headers: Object.fromEntries(kept), ...(payload !== undefined && { payload }) }
  return test.app.inject(options as InjectOptions)
}

describe.each(files)("%s", (_file, cases) => {
  it.each(cases)("$name", async (bad) => {
    const [method = "", path = ""] = bad.request.split(/ (.*)/s)
    const url = path.replace(/^C\b/, "/api/v1/-/alpha").replace(/^B\b/, "/api/berth/v1")
    const payload = payloadOf(bad)
    const response = await send(method, url, { ...(bad.headers && { headers: bad.headers }), payload })
    const answer = response.json()
    expect([bad.status].flat(), response.payload).toContain(response.statusCode)
    expect(answer).toMatchObject({ status: response.statusCode, code: expect.any(String), message: expect.any(String) })
    const issues: readonly Finding[] = answer.issues ?? []
    if (bad.paths !== undefined) {
      const found = new Set(issues.map(({ path = [] }) => formatPath(path)))
      expect([...found].toSorted(), response.payload).toEqual(bad.paths.toSorted())
    }
    if (bad.says !== undefined) expect(response.payload).toContain(bad.says)
    expect(await everything()).toBe(before)
  })
})

const requirements = join(import.meta.dirname, "../../../../fixtures/requirements-bad")
const specs = z.array(z.looseObject({ name: z.string(), spec: z.custom<object>(), errors: z.array(z.string()) }))

/** The same cases that the language itself is tested with, each sent as a run. */
describe.each(readdirSync(requirements).filter((file) => file.endsWith(".json")))("requirements: %s", (file) => {
  it.each(specs.parse(JSON.parse(readFileSync(join(requirements, file), "utf8"))))(
    "$name",
    async ({ spec, errors }) => {
      // As text: a spread would lose the member that sets a prototype.
      const members = JSON.stringify(spec).slice(1, -1)
      const sent = ['"function":"container://alpha/hello:c1"', ...(members === "" ? [] : [members])].join()
      const payload = `{"kind":"container+job:run","spec":{${sent}}}`
      const response = await send("POST", "/api/v1/-/alpha/runs?strict=keys", { payload })
      expect(response.statusCode, response.payload).toBe(400)
      if (response.json().issues[0].code === "request.text") return
      const found = response.json().issues.map(({ code, path = [] }: Finding) => `${code} ${formatPath(path)}`.trim())
      for (const error of errors) expect(found).toContain(error)
      expect(await everything()).toBe(before)
    },
  )
})

it("is a corpus of at least 80", () => {
  expect(files.flatMap(([, cases]) => cases).length).toBeGreaterThanOrEqual(80)
})

describe("a body that does not parse", () => {
  it.each([
    ["application/json", '{"TOKEN": canary-7d1}'],
    ["application/json", `{"OTHER": "${"x".repeat(80)}", "TOKEN": canary-7d1, "MORE": "${"x".repeat(80)}"}`],
    ["application/x-yaml", "TOKEN: *canary-7d1\n"],
    ["application/x-yaml", "TOKEN: 'a' canary-7d1\n"],
    ["application/x-yaml", "TOKEN: %canary-7d1: [\n"],
    ["application/x-yaml", "TOKEN: !canary-7d1 x\n"],
    ["application/x-yaml", 'TOKEN: "\\canary-7d1"\n'],
  ])("is not repeated, in no answer and no log (%s %#)", async (type, body) => {
    const server = await startTestApp()
    try {
      await server.call("POST", "/api/v1/projects", { name: "alpha" })
      const answer = await server.call("PUT", "/api/v1/-/alpha/secrets/data", body, { "content-type": type })
      expect(answer.status).toBe(400)
      expect(answer.text + server.logged.join("")).not.toMatch(/canary|nary-7/)
    } finally {
      await server.close()
    }
  })

  it("base64 of a manifest is checked in a time that grows with its length", async () => {
    const server = await startTestApp()
    try {
      await server.call("POST", "/api/v1/projects", { name: "alpha" })
      const data = { key: `${" ".repeat(300_000)}!` }
      const objects = [{ apiVersion: "v1", kind: "Secret", metadata: { name: "s" }, data }]
      const start = performance.now()
      expect((await server.call("PUT", "/api/berth/v1/projects/alpha/objects", { objects })).status).toBe(400)
      expect(performance.now() - start).toBeLessThan(3000)
    } finally {
      await server.close()
    }
  })
})
