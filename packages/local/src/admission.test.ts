import { once } from "node:events"
import { createServer } from "node:net"
import { hostname } from "node:os"
import type { JsonObject, Requirements } from "@berth/spec"
import { afterEach, describe, expect, it } from "vitest"
import { createExecutorFixture, type ExecutorFixture, scriptAttempt } from "./testing/executor-fixture.ts"

const fixtures: ExecutorFixture[] = []
const open = async (...options: Parameters<typeof createExecutorFixture>) => {
  const fixture = await createExecutorFixture(...options)
  fixtures.push(fixture)
  return fixture
}
afterEach(async () => {
  for (const fixture of fixtures.splice(0)) await fixture.dispose()
})

const node = (changes: JsonObject = {}): JsonObject => ({
  apiVersion: "v1",
  kind: "Node",
  metadata: { name: "desk", labels: { disktype: "ssd" } },
  status: { allocatable: { cpu: "2", memory: "4Gi", "nvidia.com/gpu": "2" } },
  ...changes,
})
const asking = (script: string, requirements: Requirements) => scriptAttempt(script, { requirements })
const cpu = (requests: string): Requirements => ({ resources: { cpu: { requests } } })

describe("a run", () => {
  it("waits with the numbers until its requests fit beside the live ones, the oldest first", async () => {
    const fixture = await open({ objects: [node()] })
    const first = asking("sleep 0.6", cpu("1500m"))
    const second = asking("true", cpu("1"))
    const third = asking("true", cpu("500m"))
    for (const attempt of [first, second, third]) await fixture.executor.start(attempt)
    expect(await fixture.waiting(second.uid)).toEqual(["resources.insufficient"])
    expect(fixture.seen.findLast(({ attempt }) => attempt.uid === second.uid)).toMatchObject({
      reasons: [{ data: { resource: "cpu", requested: "1", free: expect.any(String), allocatable: "2" } }],
    })
    const order = async (uid: string) => (await fixture.ended(uid)).finishedAt
    expect([await order(third.uid), await order(first.uid), await order(second.uid)].toSorted()).toEqual([
      await order(third.uid),
      await order(first.uid),
      await order(second.uid),
    ])
  })

  it("of nothing waits too, where the node takes no more runs", async () => {
    const fixture = await open({ objects: [node({ status: { allocatable: { cpu: "2", memory: "4Gi", pods: "1" } } })] })
    const first = asking("echo ready; sleep 30", {})
    const second = asking("true", {})
    await fixture.executor.start(first)
    await fixture.logged(first, "ready")
    await fixture.executor.start(second)
    expect(await fixture.waiting(second.uid)).toEqual(["resources.insufficient"])
    await fixture.executor.stop(first, { graceSeconds: 0 })
    expect(await fixture.ended(second.uid)).toMatchObject({ code: 0 })
  })

  it("larger than the node waits and says that it can never start; a restarted server says the same", async () => {
    const fixture = await open({ objects: [node()] })
    const attempt = asking("true", { resources: { mem: { requests: "64Gi" } } })
    await fixture.executor.start(attempt)
    expect(await fixture.waiting(attempt.uid)).toEqual(["resources.exceed_node"])
    const again = await fixture.reopen()
    fixtures.splice(0, 1, again)
    expect(await again.waiting(attempt.uid)).toEqual(["resources.exceed_node"])
    const { signal } = new AbortController()
    expect(await again.executor.plan({ attempt }, { signal })).toMatchObject({ verdict: "never" })
    expect((await again.executor.explain(attempt, { signal }))[0]?.code).toBe("resources.exceed_node")
    await again.executor.stop(attempt, { graceSeconds: 5 })
    expect(await again.ended(attempt.uid)).toMatchObject({ reason: "stopped", code: 143 })
  })

  it("counts what a killed server left running", async () => {
    const fixture = await open({ objects: [node()] })
    const first = asking("echo ready; sleep 30", cpu("1500m"))
    await fixture.executor.start(first)
    await fixture.logged(first, "ready")
    const again = await fixture.reopen()
    fixtures.splice(0, 1, again)
    const second = asking("true", cpu("1"))
    await again.executor.start(second)
    expect(await again.waiting(second.uid)).toEqual(["resources.insufficient"])
    await again.executor.stop(first, { graceSeconds: 1 })
    expect(await again.ended(second.uid)).toMatchObject({ code: 0 })
  })

  it("holds GPUs that nobody else gets", async () => {
    const fixture = await open({ objects: [node()] })
    const gpu = (limits: string): Requirements => ({ resources: { gpu: { requests: limits, limits } } })
    const one = asking("echo $CUDA_VISIBLE_DEVICES; sleep 30", gpu("1"))
    const other = asking("echo $CUDA_VISIBLE_DEVICES; sleep 30", gpu("1"))
    const third = asking("true", gpu("1"))
    for (const attempt of [one, other, third]) await fixture.executor.start(attempt)
    expect(await fixture.logged(one, "\n")).toBe("0\n")
    expect(await fixture.logged(other, "\n")).toBe("1\n")
    expect(await fixture.waiting(third.uid)).toEqual(["resources.insufficient"])
    const again = await fixture.reopen()
    fixtures.splice(0, 1, again)
    await again.executor.stop(one, { graceSeconds: 0 })
    await again.ended(third.uid)
    const none = await again.run(asking('echo "[$CUDA_VISIBLE_DEVICES]"', {}))
    expect(none.log).toBe("[]\n")
  })

  it("that asks for a GPU where there is none waits as unschedulable", async () => {
    const fixture = await open({ objects: [node({ status: { allocatable: { cpu: "2", memory: "4Gi" } } })] })
    const attempt = asking("true", { resources: { gpu: { requests: "1", limits: "1" } } })
    await fixture.executor.start(attempt)
    expect(await fixture.waiting(attempt.uid)).toEqual(["gpu.none"])
  })

  it("is matched with the labels and taints of a Node manifest", async () => {
    const taints = [{ key: "gpu", value: "v100", effect: "NoSchedule" }]
    const fixture = await open({ objects: [node({ spec: { taints } })] })
    const plain = asking("true", {})
    const wrong = asking("true", { nodeSelector: { disktype: "hdd" }, tolerations: [{ operator: "Exists" }] })
    const right = asking("true", { nodeSelector: { disktype: "ssd" }, tolerations: [{ key: "gpu", value: "v100" }] })
    for (const attempt of [plain, wrong, right]) await fixture.executor.start(attempt)
    expect(await fixture.waiting(plain.uid)).toEqual(["placement.taint.untolerated"])
    expect(await fixture.waiting(wrong.uid)).toEqual(["placement.selector.no_match"])
    expect(await fixture.ended(right.uid)).toMatchObject({ code: 0 })
  })

  it("ignores labels and taints without a Node manifest, and says so", async () => {
    const fixture = await open()
    const attempt = asking("true", { nodeSelector: { disktype: "ssd" }, tolerations: [{ key: "gpu", value: "x" }] })
    expect((await fixture.run(attempt)).exit).toMatchObject({ code: 0 })
    expect(fixture.seen.at(-1)).toMatchObject({
      node: hostname(),
      parity: [
        { path: "node_selector.disktype", level: "ignored" },
        { path: "tolerations", level: "ignored" },
      ],
    })
  })

  it("waits for a secret that is not set, and starts when it is", async () => {
    const secrets: Record<string, string> = {}
    const fixture = await open({ secrets })
    const attempt = asking('echo "$TOKEN"', { secrets: [{ name: "TOKEN" }, { name: "NOT", optional: true }] })
    await fixture.executor.start(attempt)
    expect(await fixture.waiting(attempt.uid)).toEqual(["secret.unset"])
    secrets.TOKEN = "now set"
    await fixture.ended(attempt.uid)
    expect(await fixture.log(attempt)).toBe("now set\n")
  })
})

describe("a served program", () => {
  const serve = (port: number) =>
    scriptAttempt("exec python3 -u -m http.server --bind 127.0.0.1 $PORT", {
      action: "serve",
      requirements: { servicePorts: [{ port: 80, targetPort: port }], replicas: 3 },
    })
  const freePort = async () => {
    const server = createServer().listen(0, "127.0.0.1")
    await once(server, "listening")
    const address = server.address()
    const port = typeof address === "object" && address !== null ? address.port : 0
    return { port, close: () => new Promise<void>((resolve) => server.close(() => resolve())) }
  }

  it("waits while its port is taken, has a service once it answers, and is stopped at once", async () => {
    const taken = await freePort()
    const fixture = await open()
    const attempt = serve(taken.port)
    await fixture.executor.start(attempt)
    expect(await fixture.waiting(attempt.uid)).toEqual(["port.in_use"])
    await taken.close()
    const seen = await fixture.until(attempt.uid, (each) => each.phase === "running" && each.service !== undefined)
    expect(seen).toMatchObject({
      service: { url: `127.0.0.1:${taken.port}`, ports: [{ port: 80, targetPort: taken.port }] },
      parity: expect.arrayContaining([expect.objectContaining({ path: "replicas", level: "approximated" })]),
    })
    expect((await fetch(`http://127.0.0.1:${taken.port}/`)).status).toBe(200)
    const second = serve(taken.port)
    await fixture.executor.start(second)
    expect(await fixture.waiting(second.uid)).toEqual(["port.in_use"])
    const again = await fixture.reopen()
    fixtures.splice(0, 1, again)
    await again.until(attempt.uid, (each) => each.phase === "running" && each.service !== undefined)
    await again.executor.stop(second, { graceSeconds: 1 })
    await again.executor.stop(attempt, { graceSeconds: 5 })
    expect(await again.ended(attempt.uid)).toMatchObject({ reason: "stopped", code: 143 })
  })
})

describe("the inventory", () => {
  it("shows the node, what is reserved on it, and the objects", async () => {
    const config = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "settings" } }
    const fixture = await open({ objects: [node(), config] })
    const attempt = asking("echo ready; sleep 30", cpu("500m"))
    await fixture.executor.start(attempt)
    await fixture.running(attempt.uid)
    const inventory = await fixture.executor.inventory("demo", { signal: new AbortController().signal })
    expect(inventory).toMatchObject({
      nodes: [{ name: "desk", allocatable: { cpu: "2" }, requested: { cpu: "500m" }, labels: { disktype: "ssd" } }],
      configMaps: ["settings"],
      gpuTypes: ["nvidia.com/gpu"],
    })
  })
})
