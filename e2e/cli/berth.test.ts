import { execFile } from "node:child_process"
import { access } from "node:fs/promises"
import { join } from "node:path"
import { promisify } from "node:util"
import { createClient } from "@berth/sdk"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { parse } from "yaml"
import { startTime } from "../../packages/cli/src/server-file.ts"
import { type BundledCommand, bundleCommand, createFolder, type Folder } from "./folder.ts"

let bundle: BundledCommand
let command: string
let folder: Folder

beforeAll(async () => {
  bundle = await bundleCommand()
  command = bundle.path
  folder = await createFolder(command)
  await folder.write("hello.yaml", container("hello", "echo hello $NAME", { envs: { NAME: "you" } }))
  await folder.write("fail.yaml", container("fail", "echo oh; exit 3"))
})

afterAll(async () => {
  await folder.remove()
  await bundle.remove()
})

function container(name: string, script: string, run: object = {}): string {
  return JSON.stringify({ kind: "container", name, command: ["sh", "-c", script], run: { action: "job", ...run } })
}

async function client() {
  const { endpoint, token } = await folder.server()
  return createClient({ endpoint, token })
}

async function functionNames(): Promise<readonly string[]> {
  const names: string[] = []
  for await (const fn of (await client()).project("default").functions.list({ versions: "all" })) names.push(fn.name)
  return names
}

async function runIds(): Promise<readonly string[]> {
  const ids: string[] = []
  for await (const run of (await client()).project("default").runs.list()) ids.push(run.id)
  return ids
}

describe("berth", () => {
  it("shows what there is when it is called without arguments", async () => {
    const { code, out } = await folder.berth([])
    expect(code).toBe(0)
    for (const command of ["run", "logs", "stop", "plan", "explain", "secret", "serve", "down"]) {
      expect(out).toMatch(new RegExp(`^ {2}${command}\\b`, "m"))
    }
  })

  it("suggests the command that was meant", async () => {
    const { code, err } = await folder.berth(["lst"])
    expect([code, err]).toEqual([2, expect.stringContaining("Did you mean list?")])
  })

  it("says in one line which Node it needs", async () => {
    const old = 'data:text/javascript,Object.defineProperty(process.versions,"node",{value:"20.1.0"})'
    const entry = join(import.meta.dirname, "../../packages/cli/bin/berth.mjs")
    const ended = await promisify(execFile)(process.execPath, ["--import", old, entry]).catch((error) => error)
    expect([ended.code, ended.stderr]).toEqual([
      1,
      expect.stringMatching(/^berth needs Node 24 or newer; this is 20\.1\.0.*\n$/),
    ])
  })

  it("reaches a configured server only with a token that is right", async () => {
    await folder.berth(["list"])
    const { endpoint, token } = await folder.server()
    const list = (wanted: string) => folder.berth(["list"], { env: { BERTH_ENDPOINT: endpoint, BERTH_TOKEN: wanted } })
    expect((await list("wrong")).code).toBe(77)
    expect((await list(token)).code).toBe(0)
    const nowhere = await folder.berth(["list", "--endpoint", "http://127.0.0.1:1"])
    expect([nowhere.code, nowhere.err]).toEqual([69, expect.stringContaining("127.0.0.1:1")])
  })
})

describe("berth run", () => {
  it("follows a run: states, log and end; standard output holds the result alone", async () => {
    const { code, out, err } = await folder.berth(["run", "hello.yaml", "--follow"])
    expect(err).toMatch(/^hello · job · run [0-9a-f]{8} · local \(this machine\)/)
    expect(err).toMatch(/RUNNING after [\d.]+ m?s/)
    expect(err).toContain("│ hello you")
    expect(err).toMatch(/COMPLETED in \d/)
    expect([code, out.trim()]).toEqual([0, ""])
  })

  it("ends with the status of a failed run and says why", async () => {
    const { code, err } = await folder.berth(["run", "fail.yaml", "--follow"])
    expect([code, err]).toEqual([1, expect.stringContaining("The program ended with exit code 3.")])
  })

  it("packs the folder's code and prints what the handler returned", async () => {
    await folder.write(
      "count.ts",
      "export function count({ text }: { text: string }) { return { length: text.length } }\n",
    )
    await folder.write(
      "count.yaml",
      "kind: node\nname: count\nhandler: count.ts:count\nrun: { parameters: { text: abc } }\n",
    )
    const { code, out, err } = await folder.berth(["run", "count.yaml", "--follow", "--param", "text=abcd"])
    expect([code, err]).toEqual([0, expect.stringContaining("COMPLETED")])
    expect(JSON.parse(out)).toEqual({ length: 4 })
  })

  it("prints the whole run as JSON and as YAML", async () => {
    const json = await folder.berth(["run", "hello.yaml", "--follow", "--json"])
    expect(JSON.parse(json.out)).toMatchObject({ kind: "container+job:run", status: { state: "COMPLETED" } })
    const yaml = await folder.berth(["list", "--limit", "1", "-o", "yaml"])
    expect(parse(yaml.out)).toMatchObject([{ id: JSON.parse(json.out).id }])
  })

  it("makes no second version of a function that is the same", async () => {
    await folder.berth(["run", "hello.yaml"])
    expect((await functionNames()).filter((name) => name === "hello")).toHaveLength(1)
  })

  it("shows everything that is wrong at once, creates nothing, and applies the fixes it offers", async () => {
    await folder.write(
      "bad.yaml",
      `kind: container
name: bad
command: [sh, -c, echo never]
run:
  action: job
  resources:
    cpu: { requests: "1,5" }
    mem: { limits: 64MB }
  tolerence: [{ key: spot, operator: Exists }]
`,
    )
    const before = await runIds()
    const refused = await folder.berth(["run", "bad.yaml"])
    expect(refused.code).toBe(2)
    expect(refused.out).toContain("bad.yaml has 3 problems; nothing was created.")
    expect(refused.out).toMatch(/error +bad\.yaml:7:22 +resources\.cpu\.requests .*1,5.* fix 1: /)
    expect(refused.out).toMatch(/error +bad\.yaml:8:20 +resources\.mem\.limits .*64MB.* fix 2: 64Mi/)
    expect(refused.out).toMatch(/error +bad\.yaml:9:3 +tolerence .*Did you mean tolerations\?.* fix 3: tolerations/)
    expect(refused.out).toContain("berth run bad.yaml --fix 1,2,3")
    expect(await functionNames()).not.toContain("bad")
    expect(await runIds()).toEqual(before)
    const machine = await folder.berth(["run", "bad.yaml", "--json"])
    expect(JSON.parse(machine.out)).toMatchObject({ status: 400, code: "invalid", issues: { length: 3 } })
    const half = await folder.berth(["run", "bad.yaml", "--fix", "1,3"])
    expect([half.code, half.out]).toEqual([2, expect.stringContaining("bad.yaml has 1 problem;")])
    const fixed = await folder.berth(["run", "bad.yaml", "--fix", "1,2,3", "--follow"])
    expect([fixed.code, fixed.err]).toEqual([0, expect.stringContaining("applied fix 2: 64Mi")])
    expect(fixed.err).toContain("│ never")
  })

  it("runs every function of a file, or none when one is refused", async () => {
    const good = container("first", "echo one")
    await folder.write("two.yaml", `${good}\n---\n${container("second", "echo two", { resources: { cpu: "1,5" } })}\n`)
    const before = await runIds()
    const refused = await folder.berth(["run", "two.yaml", "--follow"])
    expect([refused.code, refused.out]).toEqual([
      2,
      expect.stringContaining("two.yaml has 1 problem; nothing was created."),
    ])
    expect(await runIds()).toEqual(before)
    expect(await functionNames()).not.toContain("first")
    const fixed = await folder.berth(["run", "two.yaml", "--follow", "--fix", "1"])
    expect([fixed.code, fixed.err]).toEqual([0, expect.stringMatching(/│ one.*│ two/s)])
  })

  it("runs a function by its name, and a run again", async () => {
    const named = await folder.berth(["run", "hello", "--follow"])
    expect([named.code, named.err]).toEqual([0, expect.stringContaining("│ hello")])
    const id = (await folder.berth(["run", "hello.yaml"])).out.trim()
    const again = await folder.berth(["run", "--again", id.slice(0, 10), "--follow"])
    expect([again.code, again.err]).toEqual([0, expect.stringContaining("│ hello you")])
  })

  it("works in the project that the file or the command line names", async () => {
    await folder.write("other.yaml", `${container("there", "true").slice(0, -1)}, "project": "other"}`)
    expect((await folder.berth(["run", "other.yaml"])).code).toBe(0)
    expect((await folder.berth(["list", "-p", "other"])).out).toContain("there")
    expect((await folder.berth(["run", "other.yaml", "-p", "third"])).code).toBe(0)
    expect((await folder.berth(["project", "list"])).out).toMatch(/^third /m)
  })

  it.each([
    [["run"], 2],
    [["run", "hello.yaml", "--nope"], 2],
    [["completion", "tcsh"], 2],
    [["list", "-o", "xml"], 2],
    [["run", "absent.yaml"], 2],
    [["run", "absent"], 4],
    [["run", "hello.yaml", "--fix", "x"], 2],
    [["run", "hello.yaml", "--fix", "9"], 2],
    [["get", "zzz"], 4],
  ] as const)("%j ends with %d", async (args, code) => {
    expect((await folder.berth([...args])).code).toBe(code)
  })
})

describe("Ctrl-C", () => {
  // Process 1 of a namespace ignores what it has no handler for, as in a container.
  const loop = "echo ready; while :; do sleep 0.1; done"

  it("once stops the run and waits for its end", async () => {
    await folder.write("loop.yaml", container("loop", `trap 'exit 0' TERM; ${loop}`))
    const started = folder.start(["run", "loop.yaml", "--follow", "--json"])
    await started.says("│ ready")
    started.child.kill("SIGINT")
    const { code, out, err } = await started.ended
    expect([code, err]).toEqual([3, expect.stringContaining("Stopping the run")])
    expect(JSON.parse(out)).toMatchObject({ status: { state: "STOPPED" } })
  })

  it("twice leaves the run to itself", async () => {
    await folder.write("slow.yaml", container("slow", `trap 'echo ending; sleep 3; exit 0' TERM; ${loop}`))
    const started = folder.start(["run", "slow.yaml", "--follow", "--json"])
    await started.says("│ ready")
    started.child.kill("SIGINT")
    await started.says("│ ending")
    started.child.kill("SIGINT")
    const { code, out } = await started.ended
    expect(code).toBe(130)
    const { id } = JSON.parse(out)
    expect((await (await client()).project("default").runs.get(id)).state).not.toBe("STOPPED")
    await folder.berth(["stop", id])
  })
})

describe("a run", () => {
  it("is read, stopped, explained and deleted by the beginning of its id", async () => {
    await folder.write("long.yaml", container("long", "trap 'exit 0' TERM; echo begun; while :; do sleep 0.1; done"))
    const started = folder.start(["run", "long.yaml", "--follow"])
    await started.says("│ begun")
    const [run] = JSON.parse((await folder.berth(["list", "--json", "--limit", "1"])).out)
    const id = run.id.slice(0, 10)
    expect((await folder.berth(["logs", id])).out).toBe("begun\n")
    expect((await folder.berth(["stop", id])).out).toContain("STOPPED")
    expect((await started.ended).code).toBe(3)
    expect((await folder.berth(["get", id])).out).toContain("Stopped on request")
    expect((await folder.berth(["explain", id])).out).toContain("Stopped on request")
    expect((await folder.berth(["delete", id])).code).toBe(0)
    expect((await folder.berth(["get", id])).code).toBe(4)
    expect(await runIds()).not.toContain(run.id)
  })
})

describe("a secret", () => {
  it("is set from standard input, listed without its value, read and deleted", async () => {
    expect((await folder.berth(["secret", "set", "TOKEN"], { input: "a secret value\n" })).code).toBe(0)
    const listed = await folder.berth(["secret", "list", "--json"])
    expect(listed.out).toContain("TOKEN")
    expect(listed.out).not.toContain("a secret value")
    expect((await folder.berth(["secret", "get", "TOKEN"])).out).toBe("a secret value\n")
    expect((await folder.berth(["secret", "rotate-key"])).code).toBe(0)
    expect((await folder.berth(["secret", "get", "TOKEN"])).out).toBe("a secret value\n")
    expect((await folder.berth(["secret", "delete", "TOKEN"])).code).toBe(0)
    expect((await folder.berth(["secret", "get", "TOKEN"])).code).toBe(4)
  })
})

describe("settings", () => {
  it("profiles and policies come from files and rule what runs", async () => {
    await folder.write("small.yaml", "name: small\nrequirements: { resources: { mem: { limits: 64Mi } } }\n")
    await folder.write("policy.yaml", "tolerations: deny\n")
    expect((await folder.berth(["profile", "set", "small.yaml"])).code).toBe(0)
    expect((await folder.berth(["profile", "list"])).out).toMatch(/^small +resources/m)
    await folder.write("sized.yaml", container("sized", "true", { profile: "small" }))
    const sized = await folder.berth(["run", "sized.yaml", "--follow"])
    expect([sized.code, sized.err]).toEqual([0, expect.stringMatching(/resources\.mem\.limits +64Mi +profile/)])
    await folder.write("typo.yaml", container("typo", "true", { profile: "smal" }))
    const typo = await folder.berth(["run", "typo.yaml"])
    expect([typo.code, typo.out]).toEqual([2, expect.stringContaining("Did you mean small?")])
    expect((await folder.berth(["project", "create", "ruled"])).code).toBe(0)
    expect((await folder.berth(["policy", "set", "policy.yaml", "-p", "ruled"])).code).toBe(0)
    await folder.write("taint.yaml", container("taint", "true", { tolerations: [{ key: "a", operator: "Exists" }] }))
    const denied = await folder.berth(["run", "taint.yaml", "-p", "ruled", "--json"])
    expect(JSON.parse(denied.out).issues).toMatchObject([{ code: "policy.denied" }])
    expect((await folder.berth(["profile", "delete", "small"])).code).toBe(0)
    expect((await folder.berth(["project", "delete", "ruled", "--cascade"])).code).toBe(0)
  })

  it("says what there is to ask for, and whether a file would run", async () => {
    expect((await folder.berth(["inventory"])).out).toMatch(/^NODE +CPU +MEMORY/m)
    const plan = await folder.berth(["plan", "hello.yaml"])
    expect([plan.code, plan.out]).toEqual([0, expect.stringContaining("would start now")])
    await folder.write("huge.yaml", container("huge", "true", { resources: { mem: { requests: "900Ti" } } }))
    const huge = await folder.berth(["plan", "huge.yaml"])
    expect(huge.out).toMatch(/would never start as it is.*900Ti of memory requested/s)
    expect(await functionNames()).not.toContain("huge")
  })

  it("makes a token that the server takes, and keeps only its hash", async () => {
    const { token, entry } = JSON.parse((await folder.berth(["token", "new", "--name", "ann", "--json"])).out)
    expect(entry).toMatchObject({ name: "ann", role: "user", hash: expect.stringMatching(/^[0-9a-f]{64}$/) })
    expect(JSON.stringify(entry)).not.toContain(token)
  })
})

describe("the folder's server", () => {
  it("is shared, replaced when it was killed, and ended by `berth down`", async () => {
    const own = await createFolder(command)
    try {
      await own.berth(["list"])
      const first = await own.server()
      await own.berth(["list"])
      expect(await own.server()).toEqual(first)
      process.kill(first.pid, "SIGKILL")
      expect((await own.berth(["list"])).code).toBe(0)
      const second = await own.server()
      expect(second.pid).not.toBe(first.pid)
      expect((await own.berth(["down"])).code).toBe(0)
      expect(await startTime(second.pid)).toBeUndefined()
      await expect(access(join(own.path, ".berth/server.json"))).rejects.toThrow("ENOENT")
      expect((await own.berth(["down"])).out).toContain("No server runs")
    } finally {
      await own.remove()
    }
  })

  it("is one, however many commands start at once", async () => {
    const own = await createFolder(command)
    try {
      const ended = await Promise.all([1, 2, 3].map(() => own.berth(["list"])))
      expect(ended.map(({ code }) => code)).toEqual([0, 0, 0])
      const { pid } = await own.server()
      expect(await startTime(pid)).toBeDefined()
    } finally {
      await own.remove()
    }
  })
})
