import { spawn } from "node:child_process"
import { once } from "node:events"
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout } from "node:timers/promises"
import type { Attempt, ContainerProgram, JsonObject } from "@berth/spec"
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest"
import { missing } from "../../../../scripts/parts.ts"
import { createRandom } from "../../../../scripts/seed.ts"
import { createLocalExecutor } from "../create-local-executor.ts"
import { makeDataFolder } from "../testing/call-handler.ts"
import {
  type AttemptChanges,
  commandAttempt,
  createExecutorFixture,
  type ExecutorFixture,
} from "../testing/executor-fixture.ts"
import { filesWith } from "../testing/machine.ts"
import { type PodmanService, startPodman } from "../testing/podman-service.ts"
import { connectDaemon } from "./daemon.ts"

describe.skipIf(missing("podman"))("an executor with the container engine", () => {
  let podman: PodmanService
  const fixtures: ExecutorFixture[] = []

  beforeAll(async () => {
    podman = await startPodman()
  }, 60_000)
  afterEach(async () => {
    for (const fixture of fixtures.splice(0)) await fixture.dispose()
  })
  afterAll(() => podman.stop(), 60_000)

  const open = async (options: Parameters<typeof createExecutorFixture>[0] = {}) => {
    const environment = { ...process.env, DOCKER_HOST: `unix://${podman.socket}` }
    const fixture = await createExecutorFixture({ engine: "container", environment, ...options })
    fixtures.push(fixture)
    return fixture
  }
  const attemptOf = (program: Partial<ContainerProgram>, changes: AttemptChanges = {}): Attempt => ({
    ...commandAttempt([], changes),
    program: { kind: "container", image: podman.image, args: [], ...program },
  })
  const script = (text: string, changes: AttemptChanges = {}) =>
    attemptOf({ command: ["/bin/sh", "-c", text] }, changes)
  const containers = async () => {
    const daemon = connectDaemon(podman.socket)
    const found = (await daemon.call("GET", "/containers/json", { query: { all: "1" } })) as { Names: string[] }[]
    await daemon.close()
    return found.flatMap(({ Names }) => Names)
  }

  test("an image runs, its arguments, output and exit code are what they are", async () => {
    const fixture = await open()
    expect(await fixture.run(attemptOf({}))).toMatchObject({
      exit: { reason: "exited", code: 0 },
      log: "from the image\n",
    })
    expect((await fixture.run(attemptOf({ args: ["other"] }))).log).toBe("other\n")
    expect((await fixture.run(script("exit 3"))).exit).toMatchObject({ reason: "exited", code: 3 })
  })

  test("volumes, variables and secrets are as on a cluster, and no secret is on disk", async () => {
    const objects: JsonObject[] = [
      { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "settings" }, data: { "a.txt": "from a map\n" } },
      { apiVersion: "v1", kind: "Secret", metadata: { name: "keys" }, stringData: { key: "canary-file-9431\n" } },
      {
        apiVersion: "v1",
        kind: "PersistentVolumeClaim",
        metadata: { name: "claim" },
        spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Mi" } } },
      },
    ]
    const fixture = await open({ objects, secrets: { TOKEN: "canary-env-9431" } })
    const attempt = script(
      "cat /etc/settings/a.txt /keys/key; ls -l /keys/ | tail -1; echo $TOKEN $LEVEL; echo kept >> /data/file; touch /keys/x || echo refused",
      {
        requirements: {
          envs: [{ name: "LEVEL", value: "$(BERTH_RUN_ID)" }],
          secrets: [{ name: "TOKEN" }],
          volumes: [
            { name: "settings", mountPath: "/etc/settings", volumeType: "config_map", spec: { name: "settings" } },
            { name: "keys", mountPath: "/keys", volumeType: "secret", spec: { secretName: "keys" } },
            { name: "data", mountPath: "/data", volumeType: "persistent_volume_claim", spec: { claimName: "claim" } },
          ],
        },
      },
    )
    const { exit, log } = await fixture.run(attempt)
    expect(exit).toMatchObject({ reason: "exited", code: 0 })
    expect(log).toContain("from a map\ncanary-file-9431\n")
    expect(log).toContain(`canary-env-9431 ${attempt.run}\n`)
    expect(log).toContain("refused\n")
    expect(readFileSync(join(fixture.data, "volumes", "demo", "claim", "file"), "utf8")).toBe("kept\n")
    expect(filesWith(fixture.data, "canary")).toEqual([])
  })

  test("what runs goes on without the server, and the next one tells its end and its whole log", async () => {
    const fixture = await open()
    const attempt = script("seq 1 50; sleep 2; seq 51 100; exit 5")
    await fixture.executor.start(attempt)
    await fixture.running(attempt.uid)
    await fixture.logged(attempt, "50\n")
    const next = await fixture.reopen()
    fixtures.splice(0, 1, next)
    expect(await next.ended(attempt.uid)).toMatchObject({ reason: "exited", code: 5 })
    expect(await next.log(attempt)).toBe(`${Array.from({ length: 100 }, (_, i) => i + 1).join("\n")}\n`)
  })

  test("a server killed while it starts a container: nothing starts twice, every end is told, nothing is left", async () => {
    const objects = [{ apiVersion: "v1", kind: "PersistentVolumeClaim", metadata: { name: "count" }, spec: {} }]
    const volume = { name: "c", mountPath: "/c", volumeType: "persistent_volume_claim" } as const
    const requirements = { volumes: [{ ...volume, spec: { claimName: "count" } }] }
    const random = createRandom("container kills")
    const ends: string[] = []
    for (const moment of Array.from({ length: 10 }, (_, index) => 25 * index + Math.floor(random() * 25))) {
      const data = await makeDataFolder()
      const attempt = script("echo x >> /c/starts; sleep 0.1; exit 3", { requirements })
      const mark = join(data, "local", "attempts", attempt.uid, "container")
      await killAfter(moment, mark, [data, JSON.stringify(attempt), JSON.stringify(objects)])
      const fixture = await open({ instance: "killed", data, objects })
      await fixture.executor.start(attempt)
      const exit = await fixture.ended(attempt.uid, 30_000)
      const file = join(data, "volumes", "demo", "count", "starts")
      const starts = existsSync(file) ? readFileSync(file, "utf8") : ""
      ends.push(exit.reason)
      if (exit.reason !== "lost") expect([moment, exit.reason, exit.code, starts]).toEqual([moment, "exited", 3, "x\n"])
      expect(["", "x\n"]).toContain(starts)
      await fixture.executor.remove(attempt)
      expect(await containers()).not.toContain(`/${attempt.uid}`)
    }
    expect(ends).toContain("exited")
  }, 240_000)

  /** A server in a process of its own, ended by SIGKILL so long after it began to launch the attempt's container. */
  async function killAfter(milliseconds: number, mark: string, words: readonly string[]): Promise<void> {
    const program = join(import.meta.dirname, "..", "testing", "start-attempt.ts")
    const child = spawn(process.execPath, ["--conditions=@berth/source", program, ...words], {
      env: { ...process.env, DOCKER_HOST: `unix://${podman.socket}` },
      stdio: ["ignore", "ignore", "inherit"],
    })
    const ended = once(child, "exit")
    while (!existsSync(mark)) await setTimeout(2)
    await setTimeout(milliseconds)
    child.kill("SIGKILL")
    await ended
  }

  test("a stop ends it, a removal leaves nothing", async () => {
    const fixture = await open()
    const attempt = script("trap 'exit 9' TERM; echo ready; while :; do sleep 0.05; done")
    await fixture.executor.start(attempt)
    await fixture.running(attempt.uid)
    await fixture.logged(attempt, "ready\n")
    await fixture.executor.stop(attempt, { graceSeconds: 10 })
    expect(await fixture.ended(attempt.uid)).toMatchObject({ reason: "stopped", code: 9 })
    await fixture.executor.remove(attempt)
    expect(await containers()).not.toContain(`/${attempt.uid}`)
    await fixture.until(attempt.uid, ({ phase }) => phase === "absent")
  })

  test("an image that is not there is waited for, and found when it comes", async () => {
    const fixture = await open()
    const attempt = attemptOf({ image: "localhost/later:1", imagePullPolicy: "Never" })
    await fixture.executor.start(attempt)
    expect(await fixture.waiting(attempt.uid)).toEqual(["image.missing"])
    const daemon = connectDaemon(podman.socket)
    await daemon.call("POST", `/images/${podman.image}/tag`, { query: { repo: "localhost/later", tag: "1" } })
    await daemon.close()
    expect(await fixture.ended(attempt.uid, 20_000)).toMatchObject({ reason: "exited", code: 0 })
  })

  test("memory over the limit is OOMKilled, and parity says by which means", async () => {
    const fixture = await open()
    const requirements = { resources: { mem: { limits: "32Mi" } }, securityContext: { runAsUser: 8877 } }
    const attempt = script("dd if=/dev/zero of=/dev/null bs=64M count=1", { requirements })
    const { exit } = await fixture.run(attempt)
    expect(exit).toMatchObject({ reason: "oom", code: 137, memoryLimitBytes: 33_554_432 })
    const last = fixture.seen.findLast((each) => each.attempt.uid === attempt.uid)
    const parity = last !== undefined && "parity" in last ? last.parity : []
    expect(parity).toContainEqual({ path: "resources.mem.limits", level: "enforced", how: "container memory limit" })
    expect(parity).toContainEqual({ path: "image", level: "enforced", how: "the container's image" })
    expect(parity).toContainEqual({
      path: "security_context",
      level: "enforced",
      how: "the container's user and groups",
    })
  })

  test("a served container is reached on its port", async () => {
    const fixture = await open()
    const port = 20_000 + (process.pid % 20_000)
    const attempt = script("mkdir $HOME/w; echo hello > $HOME/w/index.html; exec httpd -f -p $PORT -h $HOME/w", {
      action: "serve",
      requirements: { servicePorts: [{ port, targetPort: port }] },
    })
    await fixture.executor.start(attempt)
    const seen = await fixture.until(attempt.uid, (each) => each.phase === "running" && each.service !== undefined)
    const url = seen.phase === "running" ? seen.service?.url : undefined
    expect(await (await fetch(`http://${url}/index.html`)).text()).toBe("hello\n")
  })

  test("handlers run on this machine's own interpreters", async () => {
    const fixture = await open()
    const base64 = Buffer.from("export const f = () => ({ ok: process.execPath })").toString("base64")
    const attempt: Attempt = {
      ...commandAttempt([]),
      function: { name: "f", id: "f", kind: "node" },
      program: { kind: "node", handler: "f", code: { form: "file", name: "main.ts", base64 } },
    }
    const { exit } = await fixture.run(attempt)
    expect(exit).toMatchObject({ code: 0, result: { ok: true, value: { ok: process.execPath } } })
    expect(await containers()).not.toContain(`/${attempt.uid}`)
  })

  test("a function without an image, or on a machine without a daemon, is told why not", async () => {
    const fixture = await open()
    const { image: _image, ...program } = attemptOf({}).program as ContainerProgram
    const verdict = await fixture.executor.plan(
      { attempt: { ...commandAttempt([]), program } },
      { signal: AbortSignal.timeout(10_000) },
    )
    expect([verdict.verdict, verdict.findings.map(({ code }) => code)]).toEqual(["never", ["program.missing"]])
    const folder = mkdtempSync(join(tmpdir(), "berth-local-"))
    const without = (environment: NodeJS.ProcessEnv) =>
      createLocalExecutor({
        dataDir: folder,
        instance: "x",
        engine: "container",
        environment,
        objects: async () => [],
        secretValues: async () => ({}),
      })
    await expect(without({ PATH: process.env.PATH, DOCKER_HOST: "tcp://127.0.0.1:1" })).rejects.toThrow(/no socket/)
    const gone = { PATH: process.env.PATH, DOCKER_HOST: `unix://${folder}` }
    await expect(without(gone)).rejects.toThrow(/does not answer/)
    rmSync(folder, { recursive: true })
  })
})
