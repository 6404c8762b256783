import { mkdtempSync, rmSync } from "node:fs"
import { createServer, type RequestListener } from "node:http"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { Exit } from "@berth/spec"
import { afterEach, describe, expect, test } from "vitest"
import { LaunchBlocked } from "../engine.ts"
import { type LogPhase, readContainerLogs } from "./container-logs.ts"
import { type ContainerFacts, type EndDetails, toContainerExit, toFacts } from "./container-state.ts"
import { connectDaemon, type Daemon } from "./daemon.ts"
import { ensureImage } from "./images.ts"
import { socketCandidates } from "./socket.ts"

describe("a daemon's words", () => {
  test("are read alike from Docker and from Podman", () => {
    const docker = {
      Id: "abc",
      Config: { Labels: { "berth.dev/attempt": "a-1" } },
      State: {
        Status: "exited",
        Pid: 0,
        ExitCode: 3,
        OOMKilled: false,
        Error: "",
        StartedAt: "2026-01-01T00:00:00.123456789Z",
        FinishedAt: "2026-01-01T00:00:01Z",
      },
    }
    expect(toFacts(docker)).toEqual({
      id: "abc",
      labels: { "berth.dev/attempt": "a-1" },
      phase: "ended",
      pid: 0,
      exitCode: 3,
      oomKilled: false,
      error: "",
      startedAt: "2026-01-01T00:00:00.123Z",
      finishedAt: "2026-01-01T00:00:01.000Z",
    })
  })

  test.for<[string, ContainerFacts["phase"]]>([
    ["created", "created"],
    ["configured", "created"],
    ["initialized", "created"],
    ["running", "running"],
    ["paused", "running"],
    ["restarting", "running"],
    ["stopping", "running"],
    ["exited", "ended"],
    ["stopped", "ended"],
    ["dead", "ended"],
    ["removing", "ended"],
  ])("%s is %s", ([status, phase]) => {
    expect(toFacts({ Id: "a", State: { Status: status } }).phase).toBe(phase)
  })

  const facts: ContainerFacts = {
    ...{ id: "a", labels: {}, phase: "ended", pid: 0, exitCode: 0, oomKilled: false, error: "" },
    startedAt: "2026-01-01T00:00:00.000Z",
    finishedAt: "2026-01-01T00:00:10.000Z",
  }

  test.for<[Partial<ContainerFacts>, Partial<EndDetails>, Partial<Exit>]>([
    [{}, {}, { reason: "exited", code: 0 }],
    [{ exitCode: 3 }, {}, { reason: "exited", code: 3 }],
    [{ exitCode: 255 }, {}, { reason: "exited", code: 255 }],
    [{ exitCode: 139 }, {}, { reason: "signaled", code: 139 }],
    [{ exitCode: 137, oomKilled: true }, {}, { reason: "oom", code: 137 }],
    [{ exitCode: 0, oomKilled: true }, {}, { reason: "oom", code: 137 }],
    [{ exitCode: 137 }, { oomKills: 1 }, { reason: "oom", code: 137 }],
    [{ exitCode: 143 }, { stopAskedAt: "2026-01-01T00:00:09.000Z" }, { reason: "stopped", code: 143 }],
    [{ exitCode: 0 }, { stopAskedAt: "2026-01-01T00:00:11.000Z" }, { reason: "exited", code: 0 }],
    [{ exitCode: 137, oomKilled: true }, { stopAskedAt: "2026-01-01T00:00:09.000Z" }, { reason: "oom", code: 137 }],
    [
      { exitCode: 1, error: "boom" },
      { memoryLimitBytes: 5, peakMemoryBytes: 4 },
      { message: "boom", memoryLimitBytes: 5, peakMemoryBytes: 4 },
    ],
  ])("%j with %j ends as %j", ([change, details, exit]) => {
    expect(toContainerExit({ ...facts, ...change }, { oomKills: 0, ...details })).toMatchObject(exit)
  })
})

test("a socket is looked for where it is named, else in the usual places", () => {
  expect(socketCandidates({ DOCKER_HOST: "unix:///a/b.sock" })).toEqual(["/a/b.sock"])
  expect(socketCandidates({ DOCKER_HOST: "tcp://1.2.3.4:2375" })).toEqual([])
  expect(socketCandidates({ CONTAINER_HOST: "unix:///c.sock" })).toEqual(["/c.sock"])
  expect(socketCandidates({ XDG_RUNTIME_DIR: "/run/user/1" })).toEqual([
    "/run/user/1/docker.sock",
    "/run/user/1/podman/podman.sock",
    "/var/run/docker.sock",
    "/run/podman/podman.sock",
  ])
})

describe("what no daemon at hand does", () => {
  const cleanups: (() => Promise<void>)[] = []
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0)) await cleanup()
  })

  /** A daemon that answers as it is told. */
  async function answerWith(listener: RequestListener): Promise<Daemon> {
    const folder = mkdtempSync(join(tmpdir(), "berth-daemon-"))
    const server = createServer(listener)
    await new Promise<void>((resolve) => server.listen(join(folder, "d.sock"), resolve))
    const daemon = connectDaemon(join(folder, "d.sock"))
    cleanups.push(async () => {
      await daemon.close()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      rmSync(folder, { recursive: true })
    })
    return daemon
  }
  const signal = AbortSignal.timeout(10_000)

  test("a pull whose error comes after its 200 has failed", async () => {
    const asked: string[] = []
    const daemon = await answerWith((request, response) => {
      asked.push(request.url ?? "")
      if (request.method === "GET") return response.writeHead(404).end('{"message":"no such image"}')
      response.write('{"status":"Pulling from library/x"}\r\n')
      response.end('{"errorDetail":{"message":"denied: \\"x\\""},"error":"denied: \\"x\\""}\r\n')
    })
    const error = await ensureImage(daemon, { image: "x", policy: undefined, path: ["image"], signal }).catch(
      (caught: unknown) => caught,
    )
    expect(error).toBeInstanceOf(LaunchBlocked)
    expect((error as LaunchBlocked).finding).toMatchObject({
      code: "image.pull_failed",
      path: ["image"],
      data: { image: "x", message: 'denied: "x"' },
    })
    expect(asked.at(-1)).toBe("/images/create?fromImage=x%3Alatest")
  })

  test.for<[string, "Always" | "IfNotPresent" | "Never" | undefined, boolean]>([
    ["x:1", undefined, false],
    ["x:1", "Always", true],
    ["x:1", "Never", false],
    ["x", undefined, true],
    ["x:latest", undefined, true],
    ["r:5000/x", undefined, true],
    ["x:latest", "IfNotPresent", false],
    [`x@sha256:${"a".repeat(64)}`, undefined, false],
  ])("an image that is here, %s with policy %s, is asked for again: %s", async ([image, policy, again]) => {
    let pulls = 0
    const daemon = await answerWith((request, response) => {
      if (request.method === "POST") pulls++
      response.end("{}")
    })
    await ensureImage(daemon, { image, policy, path: undefined, signal })
    expect(pulls > 0).toBe(again)
  })

  test("a log stream that outlives its container is cut, and the rest read", async () => {
    const frame = (text: string) => Buffer.concat([Buffer.from([1, 0, 0, 0, 0, 0, 0, text.length]), Buffer.from(text)])
    let isEnded = false
    const daemon = await answerWith((request, response) => {
      response.write(frame("first\n"))
      if (request.url?.includes("follow=0")) response.end(frame("last\n"))
      else isEnded = true
    })
    const phase = async () => (isEnded ? "ended" : "live") as LogPhase
    let text = ""
    for await (const { bytes } of readContainerLogs(daemon, "c", { signal, phase, now: () => new Date() })) {
      text += Buffer.from(bytes).toString()
    }
    expect(text).toBe("first\nlast\n")
  })

  test("frames that arrive in pieces are put together", async () => {
    const bytes = Buffer.from([2, 0, 0, 0, 0, 0, 0, 3, 97, 98, 99, 1, 0, 0, 0, 0, 0, 0, 1, 10])
    const daemon = await answerWith(async (_request, response) => {
      for (const byte of bytes) {
        response.write(Buffer.from([byte]))
        await new Promise((resolve) => setTimeout(resolve, 1))
      }
      response.end()
    })
    const chunks: string[] = []
    const options = { signal, phase: async () => "ended" as const, now: () => new Date() }
    for await (const chunk of readContainerLogs(daemon, "c", options)) {
      chunks.push(`${Buffer.from(chunk.bytes).toString()}|${chunk.cursor}`)
    }
    expect(chunks).toEqual(["abc|0,3", "\n|1,3"])
  })
})
