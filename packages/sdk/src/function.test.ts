import { createFinding } from "@berth/spec"
import { describe, expect, test } from "vitest"
import type { FunctionDefinition } from "./index.ts"
import { createDouble, json, refusal, type Seen, toEntity } from "./testing/wire-double.ts"

/** What a server makes of a body: its own envelope, the body's members, the runs' and plans' answers in one. */
function complete(body: unknown, own: object): object {
  const entity = toEntity("READY")
  const sent = body as { readonly metadata?: object }
  return { ...entity, ...sent, metadata: { ...entity.metadata, ...sent.metadata }, ...own }
}

/** A server that keeps functions and tasks of one project in memory, as far as these tests ask. */
function createFunctionServer(refuse?: () => Response) {
  const kept: Record<string, Record<string, unknown>[]> = { functions: [], tasks: [] }
  const answer = ({ method, url, body }: Seen): Response => {
    const type = url.pathname.split("/")[5] ?? ""
    if (type === "runs" || url.pathname.endsWith("/plan")) {
      return refuse?.() ?? json(complete(body, { accepted: true, verdict: "now", findings: [], fixes: [], parity: [] }))
    }
    const list = kept[type] ?? []
    if (method === "GET") {
      const [name, kind] = [url.searchParams.get("name"), url.searchParams.get("kind")]
      const content = list
        .filter((each) => (name === null || each.name === name) && (kind === "*" || each.kind === kind))
        .toReversed()
        .slice(0, Number(url.searchParams.get("size")))
      const count = content.length
      return json({
        content,
        totalElements: count,
        totalPages: 1,
        number: 0,
        size: 1,
        numberOfElements: count,
        first: true,
        last: true,
        empty: count === 0,
      })
    }
    const created = complete(body, { id: `${type}-${list.length + 1}` })
    list.push(created as Record<string, unknown>)
    return json(created)
  }
  const { client, seen } = createDouble(answer)
  return { project: client.project("p1"), seen, kept, posts: () => seen.filter(({ method }) => method === "POST") }
}

const python = { name: "train", kind: "python", handler: "train:main", code: { inline: "def main(): pass" } } as const

describe("a function", () => {
  const base64 = Buffer.from("def main(): pass").toString("base64")

  test.each<[string, FunctionDefinition, unknown]>([
    [
      "python",
      { ...python, requirements: ["numpy==2"], initFunction: "init", pythonVersion: "PYTHON3_12" },
      {
        source: { handler: "train:main", init_function: "init", base64, lang: "python" },
        requirements: ["numpy==2"],
        python_version: "PYTHON3_12",
      },
    ],
    [
      "node, with requirements as its defaults",
      { ...python, kind: "node", nodeSelector: { my_key: "v" }, resources: { mem: "1Gi" } },
      {
        source: { handler: "train:main", base64, lang: "typescript" },
        node_selector: { my_key: "v" },
        resources: { mem: "1Gi" },
      },
    ],
    [
      "container",
      { name: "c", kind: "container", image: "busybox", imagePullPolicy: "Always", command: ["sh", "-c"] },
      { image: "busybox", image_pull_policy: "Always", command: ["sh", "-c"] },
    ],
  ])("%s is sent in the wire's form", async (_, definition, spec) => {
    const { project, seen } = createFunctionServer()
    await project.functions.create({ ...definition, description: "d", labels: ["l"] } as never)
    expect(seen.at(-1)?.body).toEqual({
      name: definition.name,
      kind: definition.kind,
      metadata: { description: "d", labels: ["l"] },
      spec,
    })
  })

  test("the same again is the same version, anything else a new one", async () => {
    const { project, kept } = createFunctionServer()
    const first = await project.functions.create(python)
    expect((await project.functions.create({ ...python })).id).toBe(first.id)
    const changed = await project.functions.create({ ...python, code: { inline: "def main(): return 1" } })
    expect(changed.id).not.toBe(first.id)
    expect((await project.functions.create(python)).id).not.toBe(changed.id)
    expect(kept.functions?.length).toBe(3)
    expect((await project.functions.get("train")).id).toBe("functions-3")
  })

  test("of a name that is not there is not found; of another kind is refused", async () => {
    const { project } = createFunctionServer()
    await project.functions.create(python)
    expect((await refusal(project.functions.get("none"))).code).toBe("not_found")
    expect((await refusal(project.functions.get("train", { kind: "node" }))).code).toBe("invalid")
  })
})

describe("a run", () => {
  test("makes its task once, and sends program and requirements in the wire's form, strictly", async () => {
    const { project, posts } = createFunctionServer()
    const train = await project.functions.create(python)
    const options = {
      parameters: { some_epochs: 20, nested: { a_B: 1 } },
      initParameters: { a: 1 },
      nodeSelector: { "my_key/x": "ssd" },
      volumes: [{ volumeType: "config_map", name: "s", mountPath: "/etc/s", spec: { name: "settings" } }],
      envs: { LOG_LEVEL: "info" },
      secrets: ["TOKEN"],
      timeouts: { running: "1h" },
      labels: ["nightly"],
    } as const
    await train.run("job", options)
    await train.run("job", { strict: true })
    await train.plan("job", {})
    const [, task, first, second, plan] = posts()
    expect(posts().length).toBe(5)
    expect(task?.body).toEqual({ kind: "python+job", spec: { function: "python://p1/train:functions-1" } })
    expect(first?.url.search).toBe("?strict=keys")
    expect(first?.body).toEqual({
      kind: "python+job:run",
      metadata: { labels: ["nightly"] },
      spec: {
        task: "python+job://p1/tasks-1",
        function: "python://p1/train:functions-1",
        parameters: { some_epochs: 20, nested: { a_B: 1 } },
        init_parameters: { a: 1 },
        node_selector: { "my_key/x": "ssd" },
        volumes: [{ volume_type: "config_map", name: "s", mount_path: "/etc/s", spec: { name: "settings" } }],
        envs: { LOG_LEVEL: "info" },
        secrets: ["TOKEN"],
        timeouts: { running: "1h" },
      },
    })
    expect(second?.url.search).toBe("?strict=all")
    expect(plan?.url.pathname).toBe("/api/berth/v1/projects/p1/plan")
  })

  test("runs submitted at once share one task", async () => {
    const { project, kept } = createFunctionServer()
    const train = await project.functions.create(python)
    await Promise.all(Array.from({ length: 5 }, () => train.run("job")))
    expect(kept.tasks?.length).toBe(1)
  })

  test("a key that nobody knows goes along, for the server to refuse by name", async () => {
    const { project, posts } = createFunctionServer()
    const train = await project.functions.create(python)
    await train.run("job", { nodeSelecter: { a: "b" } } as never)
    expect(posts().at(-1)?.body).toMatchObject({ spec: { nodeSelecter: { a: "b" } } })
  })

  test("a refusal names every problem where a TypeScript user wrote it", async () => {
    const issue = createFinding("field.unknown", { key: "x" }, { path: ["volumes", 0, "mount_path"] })
    const { project } = createFunctionServer(() =>
      json({ status: 400, message: "m", code: "invalid", issues: [issue] }, 400),
    )
    const train = await project.functions.create(python)
    const error = await refusal(train.run("job"))
    expect(error.issues.map(({ path }) => path)).toEqual([["volumes", 0, "mountPath"]])
  })
})
