import { readdirSync, readFileSync, statSync } from "node:fs"
import { join } from "node:path"
import { isAtRest, type RunEntity } from "@berth/spec"
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest"
import { missing } from "../scripts/parts.ts"
import { type Api, createApi } from "./api.ts"
import { type ServerProcess, startServerProcess } from "./server-process.ts"

const project = "canary"
const base = `/api/v1/-/${project}`
const own = `/api/berth/v1/projects/${project}`

/** Values that must be found nowhere but in a run's environment and behind the secrets endpoint. */
const secrets = {
  plain: "canary-Plain-7f3a9c",
  odd: 'cañary /+=&"?% 9d8e7f6a',
  lines: "canary-line-one-51\ncanary-line-two-62",
  long: `canary-${"0123456789abcdef".repeat(200)}-long`,
} as const
const manifestValue = "canary-manifest-83ad!"
const planted = [...Object.values(secrets), manifestValue]

/** Every form that is masked. */
const needles = planted.flatMap((value) => [
  value,
  Buffer.from(value).toString("base64"),
  encodeURIComponent(value),
  JSON.stringify(value).slice(1, -1),
])

let server: ServerProcess
let api: Api
/** Everything that an API answer said, the secrets endpoint aside. */
const answers: string[] = []
const runs: string[] = []

beforeAll(async () => {
  server = await startServerProcess({ BERTH_LOG_LEVEL: "trace" })
  const plain = createApi(() => server.url, project)
  api = {
    ...plain,
    async request(method, path, body) {
      const answer = await plain.request(method, path, body)
      answers.push(answer.text)
      return answer
    },
  }
  await api.request("POST", "/api/v1/projects", { name: project })
  for (const name of Object.keys(secrets)) {
    await api.request("POST", `${base}/secrets`, {
      name,
      kind: "secret",
      spec: { path: `secret://${name}`, provider: "berth" },
    })
  }
  expect((await api.request("PUT", `${base}/secrets/data`, secrets)).status).toBe(200)
  const data = { key: Buffer.from(manifestValue).toString("base64") }
  const manifest = { apiVersion: "v1", kind: "Secret", metadata: { name: "keys" }, data }
  expect((await api.request("PUT", `${own}/objects`, { objects: [manifest] })).status).toBe(200)
})

afterAll(async () => {
  for (const id of runs) await api.request("DELETE", `${base}/runs/${id}`)
  await vi.waitFor(() => expect(readdirSync(join(server.dataDir, "local/attempts"))).toEqual([]), { timeout: 10_000 })
  await server.terminate()
  await server.close()
})

const asked = {
  secrets: Object.keys(secrets),
  volumes: [{ volume_type: "secret", name: "keys", mount_path: "/etc/keys", spec: { secret_name: "keys" } }],
}

async function submit(spec: Parameters<Api["submit"]>[0]): Promise<string> {
  const id = await createApi(() => server.url, project).submit({ ...spec, spec: { ...asked, ...spec.spec } })
  runs.push(id)
  return id
}

async function submitHandler(kind: "python" | "node", file: string, code: string): Promise<string> {
  const source = { handler: `${file}:handler`, base64: Buffer.from(code).toString("base64"), lang: kind }
  const made = await api.request("POST", `${base}/functions`, {
    name: `h${runs.length}`,
    kind,
    spec: { source, ...(kind === "python" && { python_version: "PYTHON3_11" }) },
  })
  expect(made.status, made.text).toBe(200)
  const reference = `${kind}://${project}/h${runs.length}:${JSON.parse(made.text).id}`
  const task = await api.request("POST", `${base}/tasks`, { kind: `${kind}+job`, spec: { function: reference } })
  const run = await api.request("POST", `${base}/runs`, {
    kind: `${kind}+job:run`,
    spec: { task: `${kind}+job://${project}/${JSON.parse(task.text).id}`, function: reference, ...asked },
  })
  expect(run.status, run.text).toBe(200)
  const { id } = JSON.parse(run.text)
  runs.push(id)
  return id
}

async function untilAtRest(id: string): Promise<RunEntity> {
  return await vi.waitFor(
    async () => {
      const { text } = await api.request("GET", `${base}/runs/${id}`)
      const run = JSON.parse(text) as RunEntity
      expect(isAtRest(run.status.state)).toBe(true)
      return run
    },
    { timeout: 30_000, interval: 50 },
  )
}

function expectNoCanary(what: string, bytes: Buffer | string): void {
  const haystack = Buffer.from(bytes)
  const found = needles.filter((needle) => haystack.includes(needle))
  expect(found, `found in ${what}`).toEqual([])
}

function filesBelow(folder: string): readonly string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name)
    return entry.isDirectory() ? filesBelow(path) : entry.isFile() ? [path] : []
  })
}

function searchDataFolder(): void {
  const files = filesBelow(server.dataDir)
  expect(files.some((path) => path.endsWith("berth.db"))).toBe(true)
  for (const path of files) if (statSync(path).size > 0) expectNoCanary(path, readFileSync(path))
}

/** Of every process there is. */
function searchArguments(): void {
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    try {
      expectNoCanary(`/proc/${pid}/cmdline`, readFileSync(`/proc/${pid}/cmdline`))
    } catch (error) {
      if (!(error instanceof Error && "code" in error)) throw error
    }
  }
}

function mask(value: string): string {
  return "*".repeat(Buffer.byteLength(value))
}

describe("a secret value", () => {
  test("is in the environment of its run while it runs, and in no argument and no file of Berth's", async () => {
    const id = await submit({ command: "sh", args: ["-c", "echo ready; sleep 60"] })
    await vi.waitFor(async () => expect(await api.log(id)).toBe("ready\n"), { timeout: 10_000 })
    const environments = readdirSync("/proc")
      .filter((name) => /^\d+$/.test(name))
      .map((pid) => readEnvironment(pid))
      .filter((variables) => variables.includes(`BERTH_RUN_ID=${id}`))
    expect(environments.length).toBeGreaterThan(0)
    for (const variables of environments) {
      expect(variables).toEqual(expect.arrayContaining([`plain=${secrets.plain}`, `PLAIN=${secrets.plain}`]))
    }
    searchArguments()
    searchDataFolder()
    await api.request("POST", `${base}/runs/${id}/stop`, {})
    await untilAtRest(id)
  })

  test("is masked in a log, in every form and across writes, byte for byte", async () => {
    const encoded = encodeURIComponent(secrets.odd)
    const script = [
      'printf "%s|" "$plain"',
      'printf "%s" "canary-Pla"; sleep 0.3; printf "%s|" "in-7f3a9c"',
      'printf "%s" "$plain" | base64 -w0; printf "|"',
      'printf "%s|" "$odd" >&2',
      `printf "%s%s|" "${encoded.slice(0, 9)}" "${encoded.slice(9)}"`,
      'printf "%s|" "$lines"',
      'printf "%s|" "$long"',
      `cat "\${BERTH_VOLUME_KEYS:-/etc/keys}/key"`,
      "exit 3",
    ].join("; ")
    const id = await submit({ command: "sh", args: ["-c", script] })
    const run = await untilAtRest(id)
    expect(run.status).toMatchObject({ state: "ERROR", reason: "exit.nonzero" })
    const expected = [
      mask(secrets.plain),
      mask(secrets.plain),
      mask(Buffer.from(secrets.plain).toString("base64")),
      mask(secrets.odd),
      mask(encodeURIComponent(secrets.odd)),
      mask(secrets.lines),
      mask(secrets.long),
      mask(manifestValue),
    ].join("|")
    expect(await api.log(id)).toBe(expected)
  })

  test("is masked in the words of a program that cannot be started", async () => {
    const id = await submit({ command: "/no/such/$(plain)" })
    const run = await untilAtRest(id)
    expect(run.status.state).toBe("ERROR")
  })

  describe.skipIf(missing("python"))("in a Python handler", () => {
    test("is masked in exception, traceback and result", async () => {
      const raising =
        "import os\ndef handler():\n    value = os.environ['plain']\n    raise ValueError('no ' + value + ' here')\n"
      const raised = await untilAtRest(await submitHandler("python", "main.py", raising))
      expect(raised.status).toMatchObject({ state: "ERROR", reason: "handler.raised" })
      expect(raised.status.message).toContain(`no ${mask(secrets.plain)} here`)
      const returning = "import os\ndef handler():\n    return {'got': [os.environ['odd']], os.environ['plain']: 1}\n"
      const returned = await untilAtRest(await submitHandler("python", "main.py", returning))
      expect(returned.status).toMatchObject({
        state: "COMPLETED",
        results: { got: [mask(secrets.odd)], [mask(secrets.plain)]: 1 },
      })
    })
  })

  test("is masked in exception, stack and result of a TypeScript handler", async () => {
    const throwing = "export function handler() { throw new Error('no ' + process.env.plain + ' here') }\n"
    const thrown = await untilAtRest(await submitHandler("node", "main.ts", throwing))
    expect(thrown.status).toMatchObject({ state: "ERROR", reason: "handler.raised" })
    expect(thrown.status.message).toContain(`no ${mask(secrets.plain)} here`)
    const returning = "export const handler = () => process.env.odd\n"
    const returned = await untilAtRest(await submitHandler("node", "main.ts", returning))
    expect(returned.status).toMatchObject({ state: "COMPLETED", results: { output: mask(secrets.odd) } })
  })

  test("is in no refusal of a request that carried it", async () => {
    const bad: [string, string, unknown][] = [
      ["PUT", `${base}/secrets/data`, { nobody: secrets.plain }],
      ["PUT", `${base}/secrets/data`, { plain: [secrets.plain] }],
      ["POST", `${base}/secrets`, { name: "plain", kind: "secret", spec: { value: secrets.plain } }],
      ["PUT", `${own}/objects`, { objects: [{ kind: "Secret", data: { key: secrets.plain } }] }],
      [
        "PUT",
        `${own}/objects`,
        {
          objects: [{ apiVersion: "v1", kind: "Secret", metadata: { name: "x" }, data: { key: `%${secrets.plain}` } }],
        },
      ],
    ]
    for (const [method, path, body] of bad) {
      const { status, text } = await api.request(method, path, body)
      expect(status, text).toBeGreaterThanOrEqual(400)
      expect(status, text).toBeLessThan(500)
    }
  })

  test("is where it may be asked for", async () => {
    const { text } = await createApi(() => server.url, project).request(
      "GET",
      `${base}/secrets/data?keys=${Object.keys(secrets)}`,
    )
    expect(JSON.parse(text)).toEqual(secrets)
  })

  test("is in no answer, no log of the server and no file, also after a restart", async () => {
    await vi.waitFor(() => expect(readdirSync(join(server.dataDir, "local/attempts"))).toEqual([]), { timeout: 10_000 })
    await server.kill()
    await server.start()
    const paths = [
      ...["", "/runs", "/functions", "/tasks", "/secrets"].map((path) =>
        path === "" ? `/api/v1/projects/${project}` : `${base}${path}`,
      ),
      ...runs.flatMap((id) => [`${base}/runs/${id}`, `${base}/runs/${id}/logs`, `${own}/runs/${id}/explain`]),
      `${own}/objects`,
      `${own}/inventory`,
      "/metrics",
    ]
    for (const path of paths) await api.request("GET", path)
    for (const [index, answer] of answers.entries()) {
      expectNoCanary(`answer ${index}`, answer)
      for (const [, content = ""] of answer.matchAll(/"content":"([^"]*)"/g)) {
        expectNoCanary(`the log in answer ${index}`, Buffer.from(content, "base64"))
      }
    }
    expectNoCanary("the server's output", server.output())
    expect(server.output()).toContain('"msg":"answered"')
    searchDataFolder()
    searchArguments()
  })
})

function readEnvironment(pid: string): readonly string[] {
  try {
    return readFileSync(`/proc/${pid}/environ`, "utf8").split("\0")
  } catch {
    return []
  }
}
