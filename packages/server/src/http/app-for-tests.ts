import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { Verdict } from "@berth/spec"
import type { FastifyInstance, InjectOptions } from "fastify"
import pino from "pino"
import { openStore } from "../store/open.ts"
import type { Store } from "../store/store.ts"
import { createApp } from "./app.ts"
import type { AppDeps } from "./deps.ts"
import { hashToken } from "./tokens-file.ts"

/** A real app on a real store of its own. */
export interface TestApp {
  readonly app: FastifyInstance
  readonly store: Store
  /** Runs that the reconciler was told about. */
  readonly woken: readonly string[]
  /** Every line that was logged. */
  readonly logged: readonly string[]
  call(method: "GET" | "POST" | "PUT" | "DELETE", url: string, body?: unknown, headers?: object): Promise<Answer>
  close(): Promise<void>
}

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, unknown>>
  // biome-ignore lint/suspicious/noExplicitAny: tests read answers as they come.
  readonly body: any
  readonly text: string
}

/** What the executor would say; the tests of http say it themselves. */
export const fits: Verdict = { verdict: "now", findings: [], fixes: [], parity: [] }

/** Tokens of the test server that has some. */
export const testTokens = {
  admin: "admin-token-0123456789",
  ada: "ada-token-0123456789",
  bob: "bob-token-0123456789",
} as const

export const tokensForTests = [
  { name: "root", role: "admin", hash: hashToken(testTokens.admin) },
  { name: "ada", role: "user", projects: ["alpha"], hash: hashToken(testTokens.ada) },
  { name: "bob", role: "user", projects: ["beta"], hash: hashToken(testTokens.bob) },
] as const

export async function startTestApp(overrides: Partial<AppDeps> = {}): Promise<TestApp> {
  const dataDir = await mkdtemp(join(tmpdir(), "berth-http-"))
  const store = overrides.store ?? (await openStore({ dataDir }))
  const woken: string[] = []
  const logged: string[] = []
  let count = 0
  const app = await createApp({
    store,
    config: { host: "127.0.0.1", executor: "local", commandRequired: true, heartbeatMs: 200 },
    tokens: [],
    wake: (project, run) => woken.push(`${project}/${run}`),
    endProject: (project) => store.projects.remove(project),
    plan: async () => fits,
    explain: async () => [],
    inventory: async () => ({ nodes: [], claims: [], configMaps: [], secrets: [], gpuTypes: [], capabilities: [] }),
    objectsChanged: async () => {},
    queueDepth: () => 0,
    log: pino({ level: "info" }, { write: (line: string) => logged.push(line) }),
    now: () => new Date(),
    newId: () => (++count).toString(16).padStart(32, "0"),
    version: "0.1.0-test",
    ...overrides,
  })
  return {
    app,
    store,
    woken,
    logged,
    async call(...[method, url, body, headers]) {
      const response = await app.inject({ method, url, ...toPayload(body, headers) } as InjectOptions)
      const { statusCode, payload } = response
      const isJson = String(response.headers["content-type"] ?? "").startsWith("application/json")
      return {
        status: statusCode,
        headers: response.headers,
        body: isJson && payload !== "" ? JSON.parse(payload) : undefined,
        text: payload,
      }
    },
    async close() {
      await app.close()
      await store.close()
      await rm(dataDir, { recursive: true, force: true })
    },
  }
}

function toPayload(body: unknown, headers: object = {}): object {
  const host = { host: "127.0.0.1:8080" }
  if (body === undefined) return { headers: { ...host, "x-berth-client": "test", ...headers } }
  const payload = typeof body === "string" || Buffer.isBuffer(body) ? body : JSON.stringify(body)
  return { payload, headers: { ...host, "content-type": "application/json", ...headers } }
}

/** Code of a handler, as it travels. */
export const code = (text: string): string => Buffer.from(text).toString("base64")

/** A project with a container, a python and a node function. */
export async function seedProject({ call }: TestApp, project = "alpha"): Promise<void> {
  await call("POST", "/api/v1/projects", { name: project })
  const functions = [
    { id: "c1", name: "hello", kind: "container", spec: { image: "busybox", command: ["echo", "hello"] } },
    {
      id: "p1",
      name: "train",
      kind: "python",
      spec: { source: { handler: "main:f", base64: code("def f(): return 1") } },
    },
    {
      id: "n1",
      name: "count",
      kind: "node",
      spec: { source: { handler: "count.ts:f", base64: code("export const f=()=>1") } },
    },
  ]
  for (const body of functions) await call("POST", `/api/v1/-/${project}/functions`, body)
  const task = { id: "t1", kind: "container+job", spec: { function: `container://${project}/hello:c1` } }
  await call("POST", `/api/v1/-/${project}/tasks`, task)
}
