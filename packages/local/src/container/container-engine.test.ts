import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { setTimeout } from "node:timers/promises"
import type { Attempt, ContainerProgram, Exit, LogChunk, Requirements } from "@berth/spec"
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest"
import { missing } from "../../../../scripts/parts.ts"
import { takeLock } from "../attempt-files.ts"
import { type Engine, type EngineState, type Launch, LaunchBlocked, LaunchRefused } from "../engine.ts"
import type { Places } from "../places.ts"
import { makeAttempt, makeDataFolder, makePlaces } from "../testing/call-handler.ts"
import { type PodmanService, startPodman } from "../testing/podman-service.ts"
import { createContainerEngine } from "./container-engine.ts"
import { markContainer, writeStopRequest } from "./container-files.ts"
import { toCreateRequest } from "./create-request.ts"
import { connectDaemon, type Daemon } from "./daemon.ts"
import { sweepContainers } from "./sweep.ts"

describe.skipIf(missing("podman"))("the container engine", () => {
  let podman: PodmanService
  let daemon: Daemon
  let engine: Engine
  let data = ""
  let count = 0
  const signal = AbortSignal.timeout(600_000)

  beforeAll(async () => {
    podman = await startPodman()
  }, 60_000)
  afterAll(() => podman.stop(), 60_000)
  beforeEach(async () => {
    data = await makeDataFolder()
    daemon = connectDaemon(podman.socket)
    engine = createContainerEngine({ daemon, instance: "test", now: () => new Date() })
  })
  afterEach(async () => {
    await daemon.close()
    rmSync(data, { recursive: true, force: true })
  })

  interface Options {
    readonly program?: Partial<ContainerProgram>
    readonly requirements?: Requirements
    readonly launch?: Partial<Launch>
  }

  const shell = (script: string) => ({ command: ["/bin/sh", "-c", script] })

  async function makeLaunch(options: Options = {}): Promise<Launch> {
    const uid = `test-${process.pid}-${count++}`
    const places = await makePlaces(data, uid)
    const program: ContainerProgram = { kind: "container", image: podman.image, args: [], ...options.program }
    const requirements = options.requirements ?? {}
    const attempt: Attempt = makeAttempt(program, { uid, requirements })
    return {
      attempt,
      places,
      command: [],
      environment: { HOME: places.home, TMPDIR: places.tmp, PATH: "/host/path", BERTH_RUN_ID: "run-1" },
      workingDirectory: places.work,
      visible: [],
      volumes: [],
      limits: {},
      transient: [],
      gpus: [],
      ...options.launch,
    }
  }

  async function untilEnded(places: Places): Promise<Extract<EngineState, { phase: "ended" }>> {
    for (;;) {
      const state = await engine.state(places)
      if (state.phase === "ended") return state
      await setTimeout(20)
    }
  }

  async function readAll(places: Places, resume?: string): Promise<readonly LogChunk[]> {
    const chunks: LogChunk[] = []
    const options = resume === undefined ? { signal } : { signal, resume }
    for await (const chunk of engine.logs(places, options)) chunks.push(chunk)
    return chunks
  }
  const textOf = (chunks: readonly LogChunk[]) => Buffer.concat(chunks.map(({ bytes }) => bytes)).toString("latin1")

  /** Runs to its end, reads everything, removes it. */
  async function run(options: Options): Promise<{ exit: Exit; log: string; places: Places; state: EngineState }> {
    const launch = await makeLaunch(options)
    await engine.launch(launch, { signal })
    const state = await untilEnded(launch.places)
    const log = textOf(await readAll(launch.places))
    await engine.remove(launch.places)
    return { exit: state.exit, log, places: launch.places, state }
  }
  const containers = async () =>
    ((await daemon.call("GET", "/containers/json", { query: { all: "1" } })) as { Names: string[] }[]).flatMap(
      ({ Names }) => Names,
    )

  test("an image runs as it is made, in its own folder, with its own variables", async () => {
    expect(await run({})).toMatchObject({ exit: { reason: "exited", code: 0 }, log: "from the image\n" })
    const own = await run({ launch: shell("pwd; echo $FROM_IMAGE $PATH $BERTH_RUN_ID") })
    expect(own.log).toBe("/srv\nyes /bin run-1\n")
  })

  test("args replace the image's arguments, a command replaces both", async () => {
    expect((await run({ launch: { args: ["other", "a b"] } })).log).toBe("other a b\n")
    expect((await run({ launch: { command: ["/bin/echo"] } })).log).toBe("\n")
  })

  test.for<[string, Partial<Exit>]>([
    ["exit 3", { reason: "exited", code: 3 }],
    ["kill -9 $$", { reason: "signaled", code: 137 }],
    ["kill -15 $$; sleep 9", { reason: "signaled", code: 143 }],
  ])("%s ends as the port says", async ([script, exit]) => {
    // PID 1 takes no signal that it does not handle: the shell under test is a child.
    expect((await run({ launch: shell(`sh -c '${script}'; exit $?`) })).exit).toMatchObject(exit)
  })

  test("every byte is in the log, also without a newline and when it is no text", async () => {
    const { log } = await run({ launch: shell("printf 'a\\n\\377\\000z'; printf err >&2; seq 3; printf end") })
    expect([...log].toSorted().join("")).toBe([..."a\n\xff\0zerr1\n2\n3\nend"].toSorted().join(""))
    expect(log).toContain("err")
    expect(log.replace("err", "")).toBe("a\n\xff\0z1\n2\n3\nend")
  })

  test("a reader goes on after its cursor, whatever was read before", async () => {
    const launch = await makeLaunch({
      launch: shell("seq 1 2000; seq 5000 5100 >&2; sleep 0.5; seq 2001 3000; printf last"),
    })
    await engine.launch(launch, { signal })
    const live = await readAll(launch.places)
    const whole = textOf(live)
    expect(whole.length).toBeGreaterThan(13_000)
    for (const index of [0, Math.floor(live.length / 2), live.length - 1]) {
      const rest = textOf(await readAll(launch.places, live[index]?.cursor))
      const expected = textOf(live.slice(index + 1))
      expect([...rest].toSorted()).toEqual([...expected].toSorted())
      expect(onlyNumbers(rest, 1, 4999)).toEqual(onlyNumbers(expected, 1, 4999))
    }
    await engine.remove(launch.places)
  })

  const onlyNumbers = (text: string, from: number, to: number) =>
    text.split("\n").filter((line) => Number(line) >= from && Number(line) <= to)

  test("output is read while it is written", async () => {
    const launch = await makeLaunch({ launch: shell("echo first; sleep 30") })
    await engine.launch(launch, { signal })
    const abort = new AbortController()
    for await (const { bytes } of engine.logs(launch.places, { signal: abort.signal })) {
      expect(Buffer.from(bytes).toString()).toBe("first\n")
      abort.abort()
    }
    expect((await engine.state(launch.places)).phase).toBe("running")
    await engine.remove(launch.places)
  })

  test("nothing is left of a removed one, running or not", async () => {
    const launch = await makeLaunch({ launch: shell("sleep 60 & sleep 61") })
    await engine.launch(launch, { signal })
    await engine.remove(launch.places)
    await engine.remove(launch.places)
    expect(await containers()).not.toContain(`/${launch.places.uid}`)
    expect((await engine.state(launch.places)).phase).toBe("ended")
  })

  test.for<[string, number, Partial<Exit>]>([
    ["trap 'echo bye; exit 9' TERM; while :; do sleep 0.05; done", 10, { reason: "stopped", code: 9 }],
    ["sleep 60", 0, { reason: "stopped", code: 137 }],
    ["trap '' TERM; while :; do sleep 0.05; done", 1, { reason: "stopped", code: 137 }],
  ])("a stop of %j with %i s of grace", async ([script, grace, exit]) => {
    const launch = await makeLaunch({ launch: shell(script) })
    await engine.launch(launch, { signal })
    await setTimeout(300)
    const before = Date.now()
    await engine.stop(launch.places, grace)
    expect((await untilEnded(launch.places)).exit).toMatchObject(exit)
    expect(Date.now() - before).toBeLessThan(5000)
    await engine.remove(launch.places)
  })

  test("a stop's deadline is kept by whoever reads the state, when the daemon forgets it", async () => {
    const launch = await makeLaunch({ launch: shell("trap '' TERM; while :; do sleep 0.05; done") })
    await engine.launch(launch, { signal })
    writeStopRequest(launch.places, { askedAt: new Date().toISOString(), killAt: new Date().toISOString() })
    expect((await untilEnded(launch.places)).exit).toMatchObject({ reason: "stopped", code: 137 })
    await engine.remove(launch.places)
  })

  test("a stop before the start means that nothing starts", async () => {
    const launch = await makeLaunch({ launch: shell("echo started") })
    await engine.stop(launch.places, 1)
    await engine.launch(launch, { signal })
    expect(await containers()).not.toContain(`/${launch.places.uid}`)
  })

  test("another server finds what runs, and its end stays known when the container is gone", async () => {
    const launch = await makeLaunch({ launch: shell("echo one; sleep 1; echo two; exit 4") })
    await engine.launch(launch, { signal })
    engine = createContainerEngine({ daemon, instance: "test", now: () => new Date() })
    expect((await engine.state(launch.places)).phase).toBe("running")
    await engine.launch(launch, { signal })
    const state = await untilEnded(launch.places)
    expect(state.exit).toMatchObject({ reason: "exited", code: 4 })
    expect(textOf(await readAll(launch.places))).toBe("one\ntwo\n")
    const [first] = await readAll(launch.places)
    await daemon.call("DELETE", `/containers/${launch.places.uid}`, { query: { force: "1" } })
    expect(await engine.state(launch.places)).toEqual(state)
    const left = await readAll(launch.places, first?.cursor)
    expect(left.map(({ gap, cursor }) => [gap, cursor])).toEqual([[expect.stringContaining("removed"), first?.cursor]])
  })

  test("a launch that is told twice starts once, however short the program is", async () => {
    const launch = await makeLaunch({
      launch: { ...shell("echo x >> /count/starts"), volumes: [hostVolume("/count", join(data, "count"))] },
    })
    await engine.launch(launch, { signal })
    await engine.launch(launch, { signal })
    await untilEnded(launch.places)
    await engine.launch(launch, { signal })
    await setTimeout(200)
    expect(readFileSync(join(data, "count", "starts"), "utf8")).toBe("x\n")
    await engine.remove(launch.places)
  })

  test("a launch that died between its lock and its start never starts: the attempt is lost", async () => {
    const launch = await makeLaunch({ launch: shell("echo started") })
    markContainer(launch.places)
    const body = toCreateRequest(launch, "test", podman.image)
    await daemon.call("POST", "/containers/create", { query: { name: launch.places.uid }, body })
    takeLock(launch.places)
    await engine.launch(launch, { signal })
    expect((await engine.state(launch.places)).phase).toBe("running")
    const later = createContainerEngine({ daemon, instance: "test", now: () => new Date(Date.now() + 20_000) })
    expect(await later.state(launch.places)).toMatchObject({ phase: "ended", exit: { reason: "lost" } })
    expect(await containers()).not.toContain(`/${launch.places.uid}`)
  })

  test("a container that someone else removed while it ran is lost", async () => {
    const launch = await makeLaunch({ launch: shell("sleep 60") })
    await engine.launch(launch, { signal })
    await daemon.call("POST", `/containers/${launch.places.uid}/kill`)
    await daemon.call("DELETE", `/containers/${launch.places.uid}`, { query: { force: "1" } })
    expect((await untilEnded(launch.places)).exit).toMatchObject({ reason: "lost" })
  })

  test("a container of another server is never touched", async () => {
    const launch = await makeLaunch()
    const body = { Image: podman.image, Labels: { "berth.dev/instance": "other" } }
    await daemon.call("POST", "/containers/create", { query: { name: launch.places.uid }, body })
    await expect(engine.launch(launch, { signal })).rejects.toThrow(LaunchRefused)
    await engine.remove(launch.places)
    expect(await containers()).toContain(`/${launch.places.uid}`)
  })

  function hostVolume(mountPath: string, path: string, readOnly = false): Launch["volumes"][number] {
    mkdirSync(path, { recursive: true })
    return { name: "v", mountPath, readOnly, content: { form: "host", path, directory: true } }
  }

  test("volumes are at their paths, read-only where they are, memory as large as it may be", async () => {
    const source = join(data, "a:b")
    const readable = hostVolume("/deep/er/in", source, true)
    writeFileSync(join(source, "file"), "content\n")
    const odd = hostVolume("/o,d", join(data, "c,d"), true)
    const memory = {
      name: "m",
      mountPath: "/mem",
      readOnly: false,
      content: { form: "memory", sizeBytes: 1_048_576 },
    } as const
    const { log, exit } = await run({
      launch: {
        ...shell(
          "cat /deep/er/in/file; touch /deep/er/in/x || echo refused; dd if=/dev/zero of=/mem/x bs=1M count=2; echo $?; echo kept > $HOME/x; echo kept > $TMPDIR/x; echo kept > /out/x; touch /o,d/x || echo refused",
        ),
        volumes: [readable, odd, memory, hostVolume("/out", join(data, "out"))],
      },
    })
    expect(exit.code).toBe(0)
    expect(log).toMatch(/content\n/)
    expect(log.match(/refused\n/g)).toHaveLength(2)
    expect(log).toMatch(/No space left/)
    expect(log).toMatch(/\n1\n/)
    expect(existsSync(join(data, "out", "x"))).toBe(true)
  })

  test("it runs without capabilities and cannot gain any", async () => {
    const { log } = await run({ launch: shell("cat /proc/self/status") })
    expect(log).toMatch(/CapBnd:\s0000000000000000/)
    expect(log).toMatch(/CapEff:\s0000000000000000/)
    expect(log).toMatch(/NoNewPrivs:\s1/)
  })

  test("it runs as the user and the groups that were asked for, who may write to HOME", async () => {
    const securityContext = { runAsUser: 8877, runAsGroup: 999, fsGroup: 555 }
    const { log } = await run({
      requirements: { securityContext },
      launch: shell("id -u; id -g; id -G; touch $HOME/x $TMPDIR/x && echo written"),
    })
    expect(log).toBe("8877\n999\n999 555\nwritten\n")
  })

  test("more memory than the limit is OOMKilled, 137, with its peak", async () => {
    const limits = { memoryBytes: 32 * 1024 * 1024, cpuMilli: 500 }
    const fill = "dd if=/dev/zero of=/dev/null bs=64M count=1"
    const { exit } = await run({ launch: { command: fill.split(" "), limits } })
    expect(exit).toMatchObject({ reason: "oom", code: 137, memoryLimitBytes: limits.memoryBytes })
    expect(exit.peakMemoryBytes).toBeGreaterThan(limits.memoryBytes * 0.9)
    const child = await run({ launch: { ...shell(`${fill}; sleep 60`), limits } })
    expect(child.exit).toMatchObject({ reason: "oom", code: 137 })
  })

  test("limits are in force: cpu quota and memory are what was asked", async () => {
    const launch = await makeLaunch({
      launch: { ...shell("sleep 60"), limits: { memoryBytes: 67_108_864, cpuMilli: 250 } },
    })
    await engine.launch(launch, { signal })
    const facts = (await daemon.call("GET", `/containers/${launch.places.uid}/json`)) as {
      HostConfig: Record<string, number>
    }
    expect(facts.HostConfig).toMatchObject({ Memory: 67_108_864, MemorySwap: 67_108_864, NanoCpus: 250_000_000 })
    await engine.remove(launch.places)
  })

  test.for<[readonly string[], Partial<Exit>]>([
    [["/bin/nosuch"], { reason: "not_started", code: 127 }],
    [["nosuch"], { reason: "not_started", code: 127 }],
    [["/etc/passwd"], { reason: "not_started", code: 126 }],
  ])("%j cannot be started, and says why", async ([command, exit]) => {
    const ended = await run({ launch: { command } })
    expect(ended.exit).toMatchObject(exit)
    expect(ended.exit.message).toContain(command[0])
    expect(ended.log).toBe("")
  })

  test.for<[string, Partial<ContainerProgram>, new (...words: never[]) => Error, RegExp]>([
    [
      "absent and may not be pulled",
      { image: "localhost/nosuch:1", imagePullPolicy: "Never" },
      LaunchBlocked,
      /pull policy is Never/,
    ],
    ["absent and cannot be pulled", { image: "localhost:1/nosuch:1" }, LaunchBlocked, /could not be pulled/],
    ["no reference", { image: "../../containers/create?x" }, LaunchRefused, /no image reference/],
  ])("an image that is %s is said", async ([, program, kind, message]) => {
    const launch = await makeLaunch({ program })
    const error = await engine.launch(launch, { signal }).catch((caught: unknown) => caught)
    expect(error).toBeInstanceOf(kind)
    expect((error as Error).message).toMatch(message)
    expect((await engine.state(launch.places)).phase).toBe("unstarted")
  })

  test("a function without an image is refused", async () => {
    const attempt = makeAttempt({ kind: "container", args: [] })
    expect((await engine.refusals(attempt)).map(({ code }) => code)).toEqual(["program.missing"])
  })

  test("every change of a container is noticed", async () => {
    const seen: string[] = []
    using _watch = engine.watch((uid) => seen.push(uid))
    await setTimeout(300)
    const { places } = await run({})
    for (let tries = 0; tries < 100 && !seen.includes(places.uid); tries++) await setTimeout(20)
    expect(new Set(seen)).toEqual(new Set([places.uid]))
  })

  test("it says what the daemon can limit", async () => {
    expect(await engine.capabilities()).toContainEqual({
      path: "resources.mem.limits",
      level: "enforced",
      how: "container memory limit",
    })
  })

  test("a sweep removes what no attempt on disk names, of this server only", async () => {
    const launches = [await makeLaunch({ launch: shell("sleep 60") }), await makeLaunch({ launch: shell("sleep 60") })]
    for (const launch of launches) await engine.launch(launch, { signal })
    const [kept = "", swept = ""] = launches.map(({ places }) => places.uid)
    await sweepContainers(daemon, { instance: "other", known: new Set() })
    expect(await containers()).toContain(`/${swept}`)
    await sweepContainers(daemon, { instance: "test", known: new Set([kept]) })
    expect(await containers()).toContain(`/${kept}`)
    expect(await containers()).not.toContain(`/${swept}`)
    await Promise.all(launches.map(({ places }) => engine.remove(places)))
  })

  test("a daemon that does not answer ends nothing", async () => {
    const launch = await makeLaunch({ launch: shell("sleep 60") })
    await engine.launch(launch, { signal })
    const silent = createContainerEngine({
      daemon: connectDaemon(join(data, "nothing.sock")),
      instance: "test",
      now: () => new Date(),
    })
    expect((await silent.state(launch.places)).phase).toBe("running")
    await engine.remove(launch.places)
  })
})
