import { errorResult, type Route, routes } from "@berth/spec"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { seedProject, startTestApp, type TestApp } from "./app-for-tests.ts"

let test: TestApp
beforeEach(async () => {
  test = await startTestApp()
})
afterEach(() => test.close())

const context = "/api/v1/-/alpha"
const reference = "container://alpha/hello:c1"

describe("the way of a run", () => {
  it("takes a run, answers READY, stores the spec verbatim and wakes the reconciler", async () => {
    await seedProject(test)
    const spec = {
      task: "container+job://alpha/t1",
      function: reference,
      resources: { mem: "64Mi", cpu: { requests: "1", limits: null } },
      envs: [{ name: "A", value: "1" }],
      unknown_member: { kept: [1, null] },
    }
    const answer = await test.call("POST", `${context}/runs`, { kind: "container+job:run", id: "r1", spec })
    expect(answer.body.status.state).toBe("READY")
    expect(answer.status).toBe(200)
    expect(test.woken).toEqual(["alpha/r1"])
    const row = await test.store.runs.get("alpha", "r1")
    expect(row?.spec).toEqual(spec)
    expect(row?.built?.attempt.program).toMatchObject({ kind: "container", command: ["echo", "hello"] })
    expect(row?.findings.map(({ code }) => code)).toContain("field.unknown.kept")
    expect(answer.body.spec.resources.cpu).toEqual({ requests: "1" })
    const read = await test.call("GET", `${context}/runs/r1`)
    expect(read.body.status.transitions).toMatchObject([{ status: "READY" }])
    expect(read.body.status.resolved.requirements.resources.mem).toMatchObject({ requests: "64Mi" })
    expect(read.body.key).toBe("store://alpha/run/container+job:run/r1:r1")
  })

  it("names every problem at once, at its path, and stores nothing", async () => {
    await seedProject(test)
    const spec = { function: reference, resources: { mem: "64GB", gpu: "0.5" }, tolerations: [{ effect: "NoSchedul" }] }
    const answer = await test.call("POST", `${context}/runs`, { kind: "container+job:run", spec })
    expect(answer.status).toBe(400)
    expect(errorResult.safeParse(answer.body).success).toBe(true)
    const paths = answer.body.issues.map((issue: { path: unknown[] }) => issue.path[0])
    expect(new Set(paths)).toEqual(new Set(["resources", "tolerations"]))
    expect((await test.store.runs.list("alpha", { page: 0, size: 1 })).total).toBe(0)
    expect(test.woken).toEqual([])
  })

  it("accepts old references, old kinds, and a function alone", async () => {
    await seedProject(test)
    const specs = [
      ["container+run", { task: "container+job://alpha/hello:c1" }],
      ["container+job:run", { task: "container+job://alpha/t1" }],
      ["container+job:run", { function: "container://alpha/hello" }],
    ] as const
    for (const [kind, spec] of specs) {
      const { status, body } = await test.call("POST", `${context}/runs`, { kind, spec })
      expect([status, body.message]).toEqual([200, undefined])
      const row = await test.store.runs.get("alpha", body.id)
      expect(row).toMatchObject({ action: "job", functionRef: reference, taskRef: "container+job://alpha/t1" })
    }
  })

  it("merges the layers and keeps who set what", async () => {
    await test.call("POST", "/api/v1/projects", {
      name: "alpha",
      spec: { requirements: { node_selector: { zone: "a" } } },
    })
    const spec = { command: ["true"], envs: [{ name: "F", value: "1" }] }
    await test.call("POST", `${context}/functions`, { id: "c1", name: "hello", kind: "container", spec })
    const task = { function: reference, resources: { mem: { requests: "1Gi" } } }
    await test.call("POST", `${context}/tasks`, { id: "t1", kind: "container+job", spec: task })
    await test.call("PUT", "/api/berth/v1/profiles/big", {
      name: "big",
      requirements: { tolerations: [{ key: "gpu", operator: "Exists" }] },
    })
    const run = { task: "container+job://alpha/t1", resources: { cpu: { requests: "1" } }, profile: "big" }
    const { body } = await test.call("POST", `${context}/runs`, { kind: "container+job:run", id: "r1", spec: run })
    const { requirements, provenance } = body.status.resolved
    expect(requirements).toMatchObject({
      node_selector: { zone: "a" },
      resources: { mem: { requests: "1Gi" }, cpu: { requests: "1" } },
      tolerations: [{ key: "gpu" }],
    })
    expect(provenance["resources.mem.requests"]).toEqual({ layer: "task", path: ["resources", "mem", "requests"] })
    expect(provenance["node_selector.zone"].layer).toBe("project")
    expect(provenance["envs.F"].layer).toBe("function")
  })

  it("plans without storing: the valid part of a refused request too", async () => {
    await seedProject(test)
    const good = { kind: "container+job:run", spec: { function: reference, resources: { mem: "1Gi" } } }
    const bad = { kind: "container+job:run", spec: { function: reference, resources: { mem: "64GB", cpu: "1" } } }
    const url = "/api/berth/v1/projects/alpha/plan"
    expect((await test.call("POST", url, good)).body).toMatchObject({ accepted: true, verdict: "now" })
    const refused = await test.call("POST", url, bad)
    expect(refused.status).toBe(200)
    expect(refused.body).toMatchObject({ accepted: false, verdict: "now" })
    expect(refused.body.resolved.requirements.resources.cpu).toBeDefined()
    expect((await test.store.runs.list("alpha", { page: 0, size: 1 })).total).toBe(0)
  })

  it("stops, resumes and deletes by recording what is wanted", async () => {
    await seedProject(test)
    await test.call("POST", `${context}/runs`, { kind: "container+job:run", id: "r1", spec: { function: reference } })
    const resumed = await test.call("POST", `${context}/runs/r1/resume`)
    expect([resumed.status, resumed.body.status.state]).toEqual([200, "READY"])
    expect(resumed.body.status.message).toContain("Nothing was resumed")
    expect((await test.call("POST", `${context}/runs/r1/stop`, {})).status).toBe(200)
    expect((await test.store.runs.get("alpha", "r1"))?.desired).toBe("stop")
    const deleted = await test.call("DELETE", `${context}/runs/r1`)
    expect(deleted.body.status.state).toBe("DELETING")
    expect((await test.store.runs.get("alpha", "r1"))?.desired).toBe("delete")
    expect(test.woken).toEqual(["alpha/r1", "alpha/r1", "alpha/r1"])
  })

  it("records what a client executes itself", async () => {
    await seedProject(test)
    const spec = { function: "python://alpha/train:p1", local_execution: true }
    const created = await test.call("POST", `${context}/runs`, { kind: "python+job:run", id: "r1", spec })
    expect(created.body.status.state).toBe("CREATED")
    expect(test.woken).toEqual([])
    for (const state of ["BUILT", "READY", "RUNNING"]) {
      await test.call("PUT", `${context}/runs/r1`, { kind: "python+job:run", status: { state } })
    }
    const status = { state: "COMPLETED", results: { a: 1 }, outputs: { model: "store://alpha/model/model/m:1" } }
    const done = await test.call("PUT", `${context}/runs/r1`, { kind: "python+job:run", status })
    expect(done.body.status).toMatchObject(status)
    const again = await test.call("PUT", `${context}/runs/r1`, { kind: "python+job:run", status: { state: "RUNNING" } })
    expect(again.body.status.state).toBe("COMPLETED")
    await test.call("DELETE", `${context}/runs/r1`)
    expect((await test.call("GET", `${context}/runs/r1`)).status).toBe(404)
  })
})

describe("wire compatibility", () => {
  it("sends the level and the version with every answer", async () => {
    for (const url of ["/health", "/api/v1/projects", "/api/v1/projects/none", "/nowhere"]) {
      const { headers } = await test.call("GET", url)
      expect(headers).toMatchObject({ "x-api-level": "15", "x-api-version": "0.1.0-test" })
    }
  })

  it("answers missing, duplicate and unknown the way clients match them", async () => {
    await seedProject(test)
    const missing = await test.call("GET", `${context}/functions/none`)
    expect([missing.status, missing.body.message]).toEqual([404, "No such EntityName: function none."])
    const duplicate = await test.call("POST", "/api/v1/projects", { name: "alpha" })
    expect([duplicate.status, duplicate.body.message]).toEqual([400, "Duplicated entity project:alpha."])
    const kind = await test.call("POST", `${context}/functions`, { kind: "cobol", name: "x", spec: {} })
    expect([kind.status, kind.body.message]).toEqual([404, expect.stringContaining("No such spec.")])
    const spec = await test.call("POST", `${context}/functions`, { kind: "container", name: "x" })
    expect([spec.status, spec.body.message]).toEqual([400, expect.stringContaining("missing spec")])
    expect((await test.call("DELETE", "/api/v1/projects/nobody")).status).toBe(200)
    const other = await test.call("POST", `${context}/functions`, { kind: "container", project: "beta", spec: {} })
    expect([other.status, other.body.message]).toEqual([400, expect.stringContaining("invalid project")])
  })

  it("reads the queries that clients really send", async () => {
    await seedProject(test)
    const first = await test.call("GET", "/api/v1/projects?page=-1&size=100&sort=id,ASC&user&name=")
    expect([first.status, first.body.number, first.body.totalElements]).toEqual([200, 0, 1])
    expect(
      (await test.call("GET", `${context}/tasks?kind=container+job&function=${reference}&page=0`)).body.totalElements,
    ).toBe(1)
    expect((await test.call("GET", `${context}/tasks?kind=container%2Bjob`)).body.totalElements).toBe(1)
    expect((await test.call("GET", `${context}/tasks?kind=job`)).body.totalElements).toBe(0)
    expect((await test.call("GET", `${context}/functions?page=9`)).body).toMatchObject({ empty: true, content: [] })
    expect((await test.call("GET", `${context}/functions?size=1001`)).status).toBe(400)
    expect((await test.call("GET", `${context}/functions?sort=spec,asc`)).status).toBe(400)
    expect((await test.call("GET", `${context}/functions?id=c1,p1`)).body.totalElements).toBe(2)
  })

  it("hides kinds that upstream clients don't know unless they are asked for", async () => {
    await seedProject(test)
    const kinds = async (query: string) =>
      (await test.call("GET", `${context}/functions${query}`)).body.content
        .map(({ kind }: { kind: string }) => kind)
        .sort()
    expect(await kinds("")).toEqual(["container", "python"])
    expect(await kinds("?kind=*")).toEqual(["container", "node", "python"])
    expect(await kinds("?kind=node")).toEqual(["node"])
  })

  it("takes YAML, and a stop without a body", async () => {
    await test.call("POST", "/api/v1/projects", "name: alpha\n", { "content-type": "application/x-yaml" })
    const yaml = "kind: container\nname: hello\nid: c1\nspec:\n  command: [echo]\n  source: {}\n"
    const created = await test.call("POST", `${context}/functions`, yaml, { "content-type": "application/x-yaml" })
    expect(created.body.spec).toEqual({ command: ["echo"], source: {} })
    await test.call("POST", `${context}/runs`, { kind: "container+job:run", id: "r1", spec: { function: reference } })
    const stop = await test.app.inject({
      method: "POST",
      url: `${context}/runs/r1/stop`,
      headers: { host: "localhost" },
    })
    expect(stop.statusCode).toBe(200)
  })

  it("embeds the latest version of each function in its project, and stores none of it", async () => {
    await seedProject(test)
    await test.call("POST", `${context}/functions`, {
      id: "c2",
      name: "hello",
      kind: "container",
      spec: { image: "b" },
    })
    const { body } = await test.call("GET", "/api/v1/projects/alpha")
    expect(body.spec.functions.map(({ id }: { id: string }) => id).sort()).toEqual(["c2", "p1"])
    expect(body.spec.functions[0].spec).toBeUndefined()
    await test.call("PUT", "/api/v1/projects/alpha", { ...body, spec: { ...body.spec, source: "./" } })
    expect((await test.store.projects.get("alpha"))?.spec).toEqual({ source: "./" })
  })

  it("keeps a function's spec, a task's function, and who created what", async () => {
    await seedProject(test)
    const before = (await test.call("GET", `${context}/functions/c1`)).body
    const change = {
      ...before,
      spec: { image: "other" },
      metadata: { ...before.metadata, created: "x", description: "d" },
    }
    const after = (await test.call("PUT", `${context}/functions/c1`, change)).body
    expect(after.spec).toEqual(before.spec)
    expect(after.metadata).toMatchObject({ created: before.metadata.created, description: "d" })
    const task = (await test.call("PUT", `${context}/tasks/t1`, { spec: { function: "x", resources: { cpu: "1" } } }))
      .body
    expect(task.spec).toEqual({ function: reference, resources: { cpu: "1" } })
    expect(task.metadata).toBeUndefined()
  })

  it("describes every route as OpenAPI 3.1 with references that lead somewhere", async () => {
    const { body, text } = await test.call("GET", "/v1/api-docs")
    expect(body.openapi).toBe("3.1.0")
    for (const route of Object.values(routes) as Route[]) {
      expect(body.paths[route.path][route.method.toLowerCase()].operationId).toBe(route.name)
    }
    for (const [, name] of text.matchAll(/#\/components\/schemas\/(\w+)/g))
      expect(body.components.schemas).toHaveProperty(name ?? "")
    expect(text).not.toContain("$defs")
  })
})

describe("secrets", () => {
  it("shows values only where they are asked for, and never logs them", async () => {
    await test.call("POST", "/api/v1/projects", { name: "alpha" })
    await test.call("POST", `${context}/secrets`, { kind: "secret", name: "S", spec: { path: "secret://S" } })
    const missing = await test.call("PUT", `${context}/secrets/data`, { S: "canary-4711", T: "x" })
    expect([missing.status, missing.body.message]).toEqual([400, "missing secrets for T"])
    expect((await test.call("GET", `${context}/secrets/data?keys=S`)).body).toEqual({})
    expect((await test.call("PUT", `${context}/secrets/data`, { S: "canary-4711" })).status).toBe(200)
    expect((await test.call("GET", `${context}/secrets/data?keys=S,T`)).body).toEqual({ S: "canary-4711" })
    expect((await test.call("GET", `${context}/secrets`)).text).not.toContain("canary")
    expect(test.logged.join("")).not.toContain("canary")
  })

  it("says which value is too short to be masked, and nothing of the others", async () => {
    await test.call("POST", "/api/v1/projects", { name: "alpha" })
    for (const name of ["PIN", "LONG"])
      await test.call("POST", `${context}/secrets`, { kind: "secret", name, spec: {} })
    const { body, text } = await test.call("PUT", `${context}/secrets/data`, { PIN: "4711", LONG: "canary-4711" })
    expect(body.findings).toMatchObject([{ code: "secret.short", severity: "warning", path: ["PIN"] }])
    expect(text).not.toContain("4711")
    expect((await test.call("PUT", `${context}/secrets/data`, { LONG: "canary-4711" })).text).toBe("")
  })

  it("refuses a run whose secret is not there, and takes one that is optional", async () => {
    await seedProject(test)
    await test.call("POST", `${context}/secrets`, { kind: "secret", name: "HF_TOKEN" })
    const run = (secrets: unknown) =>
      test.call("POST", `${context}/runs`, { kind: "container+job:run", spec: { function: reference, secrets } })
    expect((await run(["HF_TOKE"])).body.issues).toMatchObject([
      { code: "secret.missing", path: ["secrets", 0], data: { suggestion: "HF_TOKEN" } },
    ])
    expect((await run(["HF_TOKEN"])).body.issues).toMatchObject([{ code: "secret.unset" }])
    expect((await run([{ name: "NONE", optional: true }])).status).toBe(200)
  })
})
