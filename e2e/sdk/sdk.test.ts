import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { BerthError, createClient, type Project } from "@berth/sdk"
import type { ProjectEvent } from "@berth/spec"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { type InProcessServer, startInProcess } from "../in-process-server.ts"

let server: InProcessServer
let project: Project

beforeAll(async () => {
  server = await startInProcess()
  project = await server.client.projects.ensure("sdk")
})

afterAll(() => server.close())

async function refusal(promise: Promise<unknown>): Promise<BerthError> {
  const error = await promise.then(
    (value) => value,
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(BerthError)
  return error as BerthError
}

const node = (name: string, text: string) =>
  project.functions.create({ name, kind: "node", handler: `${name}.ts:main`, code: { inline: text } })
const shell = () => project.functions.create({ name: "shell", kind: "container", command: ["sh", "-c"] })

describe("projects", () => {
  test("are created once, found, listed page by page, and deleted", async () => {
    const { projects } = server.client
    await projects.create({ name: "first", description: "the first", labels: ["a"] })
    expect((await refusal(projects.create({ name: "first" }))).code).toBe("conflict")
    expect((await (await projects.get("first")).read()).metadata).toMatchObject({ description: "the first" })
    expect((await projects.ensure("first")).name).toBe("first")
    const made = await Promise.all(["one", "one", "one"].map((name) => projects.getOrCreate(name)))
    expect(made.map(({ name }) => name)).toEqual(["one", "one", "one"])
    const names = (await Array.fromAsync(projects.list())).map(({ name }) => name)
    expect(names).toEqual([...names].sort())
    expect(names).toEqual(expect.arrayContaining(["first", "one", "sdk"]))
    await projects.delete("one", { cascade: true })
    expect((await refusal(projects.get("one"))).code).toBe("not_found")
    await projects.delete("one")
  })

  test("a name that cannot be is refused with its place", async () => {
    const error = await refusal(server.client.projects.create({ name: "Not A Name" }))
    expect(error).toMatchObject({ code: "invalid" })
    expect(error.issues.length).toBeGreaterThan(0)
    expect(error.requestId).toBeDefined()
  })
})

describe("functions", () => {
  test("have versions: the same content is the same, other content is new", async () => {
    const first = await node("versions", "export const main = () => 1")
    expect((await node("versions", "export const main = () => 1")).id).toBe(first.id)
    const second = await node("versions", "export const main = () => 2")
    expect(second.id).not.toBe(first.id)
    expect((await project.functions.get("versions")).id).toBe(second.id)
    expect((await project.functions.get(`versions:${first.id}`)).id).toBe(first.id)
    const ids = async (versions: "latest" | "all") =>
      (await Array.fromAsync(project.functions.list({ name: "versions", versions }))).map(({ id }) => id).sort()
    expect(await ids("latest")).toEqual([second.id])
    expect(await ids("all")).toEqual([first.id, second.id].sort())
    await second.delete()
    expect((await project.functions.get("versions")).id).toBe(first.id)
    await project.functions.delete("versions")
    expect((await refusal(project.functions.get("versions"))).code).toBe("not_found")
  })

  test("from a folder run with the folder's files, and without what .gitignore names", async () => {
    const folder = await mkdtemp(join(tmpdir(), "berth-sdk-"))
    try {
      await mkdir(join(folder, "lib"))
      await writeFile(join(folder, "lib", "add.ts"), "export const add = (a: number, b: number): number => a + b\n")
      await writeFile(
        join(folder, "main.ts"),
        'import { existsSync } from "node:fs"\nimport { add } from "./lib/add.ts"\nexport const sum = ({ a, b }: { a: number; b: number }) => ({ sum: add(a, b), left: existsSync("left.txt") })\n',
      )
      await writeFile(join(folder, "left.txt"), "")
      await writeFile(join(folder, ".gitignore"), "left.txt\n")
      const fn = await project.functions.create({
        name: "sum",
        kind: "node",
        handler: "main.ts:sum",
        code: { dir: folder },
      })
      expect(
        (await project.functions.create({ name: "sum", kind: "node", handler: "main.ts:sum", code: { dir: folder } }))
          .id,
      ).toBe(fn.id)
      const run = await fn.run("job", { parameters: { a: 2, b: 3 } })
      expect(await run.result({ timeoutMs: 15_000 })).toEqual({ sum: 5, left: false })
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  })

  test("keep defaults per action, and a run overrides them", async () => {
    const fn = await node("defaults", "export const main = () => process.env.A + process.env.B")
    expect(await fn.tasks.get("job")).toBeUndefined()
    await fn.tasks.set("job", { envs: { A: "task", B: "task" } })
    expect((await fn.tasks.get("job"))?.spec).toMatchObject({ envs: { A: "task", B: "task" } })
    const run = await fn.run("job", { envs: { B: "run" } })
    expect(await run.result({ timeoutMs: 15_000 })).toEqual({ output: "taskrun" })
    expect((await run.refresh()).status.resolved?.provenance).toMatchObject({
      "envs.A": { layer: "task" },
      "envs.B": { layer: "run" },
    })
    await fn.tasks.set("job", {})
    expect((await fn.tasks.get("job"))?.spec).toEqual({ function: fn.reference })
  })
})

describe("runs", () => {
  test("give their result, their log line by line, and every state on the way", async () => {
    const fn = await node(
      "greet",
      "export const main = ({ name }) => { console.log('one'); console.log('two'); return { text: 'hello ' + name } }",
    )
    const run = await fn.run("job", { parameters: { name: "world" } })
    expect(run.state).toBe("READY")
    const states: string[] = []
    const [ended, lines] = await Promise.all([
      run.wait({ timeoutMs: 15_000, onUpdate: ({ state }) => states.push(state) }),
      Array.fromAsync(run.logs({ follow: true, timeoutMs: 15_000 })),
    ])
    expect(ended.state).toBe("COMPLETED")
    expect(states.at(-1)).toBe("COMPLETED")
    expect(lines.map(({ text }) => text)).toEqual(["one\n", "two\n"])
    expect(lines.every(({ attempt, time }) => attempt === 1 && Number.isFinite(Date.parse(time)))).toBe(true)
    expect(await ended.result<{ text: string }>()).toEqual({ text: "hello world" })
    expect((await Array.fromAsync(run.logs({ tail: 1 }))).map(({ text }) => text)).toEqual(["two\n"])
    expect(await Array.fromAsync(run.logs({ since: new Date(Date.now() + 60_000) }))).toEqual([])
    expect(await Array.fromAsync(run.logs({ container: "none" }))).toEqual([])
  })

  test("that fail are data to wait(), and an error with their findings to result()", async () => {
    const fn = await shell()
    const run = await fn.run("job", { args: ["echo going; exit 3"] })
    const ended = await run.wait({ timeoutMs: 15_000 })
    expect(ended).toMatchObject({ state: "ERROR", status: { reason: "exit.nonzero" } })
    const error = await refusal(run.result())
    expect(error).toMatchObject({ code: "invalid", issues: ended.findings })
    expect(error.message).toContain("3")
    expect((await ended.explain()).findings.map(({ code }) => code)).toContain("exit.nonzero")
  })

  test("stop when asked, twice is once, and leave nothing running", async () => {
    const fn = await shell()
    const run = await fn.run("job", { args: ["echo $$; exec sleep 600"] })
    const lines = run.logs({ follow: true, timeoutMs: 15_000 })
    for await (const _ of lines) break
    await Promise.all([run.stop(), run.stop()])
    const ended = await run.wait({ timeoutMs: 20_000 })
    expect(ended.state).toBe("STOPPED")
    expect((await refusal(run.result())).code).toBe("canceled")
    expect((await ended.stop()).state).toBe("STOPPED")
    expect((await ended.delete()).state).toMatch(/^DELET/)
    expect((await run.wait({ timeoutMs: 15_000 })).state).toMatch(/^(STOPPED|DELETED)$/)
  })

  test("serve: ready when the port answers", async () => {
    const fn = await node(
      "web",
      'import { createServer } from "node:http"\nexport const main = () => new Promise(() => createServer((_, response) => response.end("hi")).listen(Number(process.env.PORT), "127.0.0.1"))',
    )
    const port = 20_000 + Math.floor(Math.random() * 20_000)
    const run = await fn.run("serve", { servicePorts: [{ port: 80, targetPort: port }] })
    const ready = await run.wait({ until: "ready", timeoutMs: 20_000 })
    expect(ready.status.service?.url).toBeDefined()
    expect(await (await fetch(`http://${ready.status.service?.url}`)).text()).toBe("hi")
    await run.stop()
    expect((await run.wait({ timeoutMs: 20_000 })).state).toBe("STOPPED")
    await run.delete()
  })

  test("are listed newest first, filtered, and only as far as they are read", async () => {
    const fn = await shell()
    const runs = []
    for (let index = 0; index < 3; index += 1) runs.push(await fn.run("job", { args: ["true"] }))
    await Promise.all(runs.map((run) => run.wait({ timeoutMs: 15_000 })))
    const listed = (await Array.fromAsync(fn.runs.list())).map(({ id }) => id)
    expect(listed.slice(0, 3)).toEqual(runs.map(({ id }) => id).reverse())
    const completed = await Array.fromAsync(project.runs.list({ state: "COMPLETED", function: fn.reference }))
    expect(completed.map(({ id }) => id)).toEqual(expect.arrayContaining(runs.map(({ id }) => id)))
    for await (const run of project.runs.list()) {
      expect(run.id).toBe(runs[2]?.id)
      break
    }
    expect((await project.runs.get(runs[0]?.id ?? "")).id).toBe(runs[0]?.id)
    expect((await refusal(project.runs.get("none"))).code).toBe("not_found")
  })
})

describe("a request that cannot be", () => {
  const wrong = {
    nodeSelecter: { disktype: "ssd" },
    resources: { mem: { requests: "64GB" }, gpu: 0.5 },
    volumes: [
      { volumeType: "empty_dir", name: "a", mountPath: "/data" },
      { volumeType: "empty_dir", name: "b", mountPath: "/data" },
    ],
  }

  test("is refused with every problem where it was written, and creates nothing", async () => {
    const fn = await shell()
    const before = (await Array.fromAsync(project.runs.list())).length
    const error = await refusal(fn.run("job", wrong as never))
    expect(error.code).toBe("invalid")
    const places = error.issues.map(({ path }) => path?.join("."))
    expect(places).toEqual(
      expect.arrayContaining(["nodeSelecter", "resources.mem.requests", "resources.gpu", "volumes.1.mountPath"]),
    )
    expect((await Array.fromAsync(project.runs.list())).length).toBe(before)
  })

  test("is refused as the defaults of a function or of its action, too", async () => {
    const unknown = { nodeSelecter: { disktype: "ssd" } } as never
    const fn = await shell()
    const definition = { name: "wrong", kind: "container", command: "true" } as const
    for (const call of [
      () => fn.tasks.set("job", unknown),
      async () => {
        await fn.tasks.set("job", {})
        await fn.tasks.set("job", unknown)
      },
      () => project.functions.create({ ...definition, ...(unknown as object) }),
    ]) {
      expect((await refusal(call())).issues).toMatchObject([{ code: "field.unknown", path: ["nodeSelecter"] }])
    }
    expect((await refusal(project.functions.get("wrong"))).code).toBe("not_found")
  })

  test("is planned all the same", async () => {
    const fn = await shell()
    const plan = await fn.plan("job", wrong as never)
    expect(plan.accepted).toBe(false)
    expect(plan.findings.length).toBeGreaterThanOrEqual(4)
  })

  test("a plan of a possible one says now, and creates no run", async () => {
    const fn = await shell()
    const before = (await Array.fromAsync(project.runs.list())).length
    expect(await fn.plan("job", { args: ["true"] })).toMatchObject({ accepted: true, verdict: "now" })
    const never = await fn.plan("job", { args: ["true"], resources: { mem: { requests: "900Ti" } } })
    expect(never.verdict).toBe("never")
    expect((await Array.fromAsync(project.runs.list())).length).toBe(before)
  })
})

describe("secrets", () => {
  test("are set and replaced, listed without values, and reach the run", async () => {
    const { secrets } = project
    await secrets.set("TOKEN", "first-value")
    await secrets.set("TOKEN", "second-value")
    expect(await secrets.readValue("TOKEN")).toBe("second-value")
    expect(JSON.stringify(await secrets.get("TOKEN"))).not.toContain("second-value")
    expect((await Array.fromAsync(secrets.list())).map(({ name }) => name)).toEqual(["TOKEN"])
    const fn = await shell()
    const run = await fn.run("job", { args: ['test "$TOKEN" = second-value'], secrets: ["TOKEN"] })
    expect((await run.wait({ timeoutMs: 15_000 })).state).toBe("COMPLETED")
    await secrets.delete("TOKEN")
    expect((await refusal(secrets.get("TOKEN"))).code).toBe("not_found")
    expect((await refusal(secrets.readValue("TOKEN"))).code).toBe("not_found")
    const missing = await refusal(fn.run("job", { secrets: ["TOKEN"] }))
    expect(missing.issues.map(({ code }) => code)).toContain("secret.missing")
  })
})

describe("administration", () => {
  test("a profile is applied over the run's own requirements", async () => {
    const { profiles } = server.client
    await profiles.set({
      name: "tagged",
      requirements: { podLabels: { team: "a" }, envs: { MODE: "profile" } },
      modes: { podLabels: "append" },
    })
    expect(await profiles.get("tagged")).toMatchObject({ requirements: { pod_labels: { team: "a" } } })
    expect((await Array.fromAsync(profiles.list())).map(({ name }) => name)).toEqual(["tagged"])
    const fn = await node("mode", "export const main = () => process.env.MODE")
    const run = await fn.run("job", { profile: "tagged", envs: { MODE: "run" } })
    expect(await run.result({ timeoutMs: 15_000 })).toEqual({ output: "profile" })
    await profiles.delete("tagged")
    expect((await refusal(profiles.get("tagged"))).code).toBe("not_found")
  })

  test("a policy refuses by field, with the rule", async () => {
    await project.policy.set({ affinity: "deny" })
    expect(await project.policy.get()).toMatchObject({ affinity: "deny" })
    const fn = await shell()
    const affinity = { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: "zone" }] } }
    const error = await refusal(fn.run("job", { affinity }))
    expect(error).toMatchObject({ code: "forbidden", issues: [{ code: "policy.denied", class: "policy" }] })
    await project.policy.set({})
  })

  test("stand-ins are kept, and the inventory names them", async () => {
    const objects = [
      { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "settings" }, data: { "a.txt": "A" } },
      { apiVersion: "v1", kind: "PersistentVolumeClaim", metadata: { name: "corpus" }, spec: {} },
    ]
    await project.objects.set(objects)
    expect((await project.objects.list()).objects.map(({ name }) => name).sort()).toEqual(["corpus", "settings"])
    const inventory = await project.inventory()
    expect(inventory.nodes.length).toBe(1)
    expect(inventory).toMatchObject({ claims: ["corpus"], configMaps: ["settings"] })
  })
})

describe("events", () => {
  test("tell every run of the project, and resume after the one seen last", async () => {
    const fn = await shell()
    const seen: number[] = []
    const completed = (event: ProjectEvent, id: string) =>
      event.type === "run" && event.run.id === id && event.run.status.state === "COMPLETED"
    const submitted = Promise.withResolvers<string>()
    const reading = (async () => {
      for await (const event of project.events({ timeoutMs: 15_000 })) {
        seen.push(event.seq)
        if (completed(event, await submitted.promise)) return
      }
    })()
    submitted.resolve((await fn.run("job", { args: ["true"] })).id)
    await reading
    expect(seen).toEqual([...seen].sort((a, b) => a - b))
    const last = seen.at(-1) ?? 0
    for await (const event of project.events({ after: last - 1, timeoutMs: 15_000 })) {
      expect(event.type).toBe("run")
      if (completed(event, await submitted.promise)) break
    }
  })
})

describe("a server that is restarted", () => {
  test("loses neither a wait, nor a line of a followed log", async () => {
    const fn = await shell()
    const run = await fn.run("job", { args: ["for i in $(seq 1 40); do echo $i; sleep 0.05; done"] })
    const texts: string[] = []
    const reading = (async () => {
      for await (const { text } of run.logs({ follow: true, timeoutMs: 60_000 })) texts.push(text.trim())
    })()
    const waiting = run.wait({ timeoutMs: 60_000 })
    while (texts.length < 5) await new Promise((resolve) => setTimeout(resolve, 10))
    await server.restart()
    const [ended] = await Promise.all([waiting, reading])
    expect(ended.state).toBe("COMPLETED")
    expect(texts).toEqual(Array.from({ length: 40 }, (_, index) => String(index + 1)))
  })
})

test("another client of the same server sees the same", async () => {
  const other = createClient({ endpoint: server.endpoint })
  expect((await other.projects.get("sdk")).name).toBe("sdk")
})
