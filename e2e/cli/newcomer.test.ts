import { execFile } from "node:child_process"
import { join } from "node:path"
import { promisify } from "node:util"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { type BundledCommand, bundleCommand, createFolder, type Folder } from "./folder.ts"

/** What somebody stumbles over who has never seen Berth before. */

let bundle: BundledCommand
let folder: Folder

beforeAll(async () => {
  bundle = await bundleCommand()
  folder = await createFolder(bundle.path)
})

afterAll(async () => {
  await folder.remove()
  await bundle.remove()
})

const waiting = `kind: container
name: waiting
command: [sh, -c, "echo got it"]
run:
  volumes:
    - { volume_type: persistent_volume_claim, name: corpus, mount_path: /data, spec: { claim_name: books } }
`

async function submit(name: string, text: string): Promise<string> {
  await folder.write(name, text)
  return (await folder.berth(["run", name])).out.trim()
}

async function waitForState(id: string, state: string): Promise<void> {
  await expect
    .poll(async () => JSON.parse((await folder.berth(["get", id, "--json"])).out).status.state, { timeout: 15_000 })
    .toBe(state)
}

describe("the command of a checkout", () => {
  it("runs the sources, which need no build", async () => {
    const spy =
      'import{registerHooks}from"node:module";registerHooks({load(url,context,next){if(url.includes("/cli/"))console.error(url);return next(url,context)}})'
    const bin = join(import.meta.dirname, "../../packages/cli/bin/berth.mjs")
    const { stdout, stderr } = await promisify(execFile)(
      process.execPath,
      ["--import", `data:text/javascript,${encodeURIComponent(spy)}`, bin, "help", "run"],
      { cwd: folder.path },
    )
    expect(stdout).toContain("Usage: berth run")
    expect(stderr).toContain("/cli/src/main.ts")
    expect(stderr).not.toContain("dist-bundle")
  })
})

describe("a file with mistakes", () => {
  it("shows those of the function and of its run on one screen, in the order of the file", async () => {
    await folder.write(
      "wrong.yaml",
      `kind: container
name: wrong
comand: [echo]
run:
  action: jobb
  resources: { mem: { limits: 64GB } }
  tolerence: []
`,
    )
    const { code, out } = await folder.berth(["run", "wrong.yaml"])
    expect([code, out]).toEqual([2, expect.stringContaining("wrong.yaml has 4 problems; nothing was created.")])
    expect([...out.matchAll(/wrong\.yaml:(\d+:\d+) +(\S+)/g)].map(([, where, path]) => [where, path])).toEqual([
      ["3:1", "comand"],
      ["5:11", "run.action"],
      ["6:31", "run.resources.mem.limits"],
      ["7:3", "run.tolerence"],
    ])
    expect(out).toMatch(/"jobb" .*Did you mean job\?/)
  })

  it("is mended in rounds: each refusal counts its fixes anew and says what to type", async () => {
    await folder.write(
      "rounds.yaml",
      `kind: container
name: rounds
command: [sh, -c, "echo mended"]
run:
  resources: { mem: { limit: 64MB } }
  tolerence: []
`,
    )
    const first = await folder.berth(["run", "rounds.yaml", "--fix", "1"])
    expect([first.code, first.out]).toEqual([2, expect.stringContaining("berth run rounds.yaml --fix 1 --fix 1")])
    const second = await folder.berth(["run", "rounds.yaml", "--fix", "1", "--fix", "1,2", "--follow"])
    expect([second.code, second.err]).toEqual([0, expect.stringContaining("│ mended")])
  })

  it.each([
    ["empty.yaml", "", "empty.yaml holds no function. The least it takes"],
    ["tabs.yaml", "kind: container\n\tname: a\n", "tabs.yaml:2:1"],
  ])("%s is explained", async (name, text, said) => {
    await folder.write(name, text)
    const { code, out, err } = await folder.berth(["run", name])
    expect([code, out + err]).toEqual([2, expect.stringContaining(said)])
  })

  it.each([
    [["run", "."], "is a folder. Name the file in it"],
    [["profile", "set", "absent.yaml"], "There is no file or folder absent.yaml"],
    [["profile", "set", "tabs.yaml"], "tabs.yaml:2:1 is no YAML"],
    [["list", "--state", "runing"], "Did you mean RUNNING?"],
  ] as const)("%j says what is wrong", async (args, said) => {
    await folder.write("tabs.yaml", "kind: container\n\tname: a\n")
    const { code, err } = await folder.berth([...args])
    expect([code, err]).toEqual([2, expect.stringContaining(said)])
  })

  it("names a missing secret once, and how to set it", async () => {
    await folder.write("secret.yaml", "kind: container\nname: secret\ncommand: [echo]\nrun: { secrets: [NOT_THERE] }\n")
    const { out } = await folder.berth(["run", "secret.yaml"])
    expect(out).toContain("secret.yaml has 1 problem;")
    expect(out).toContain("berth secret set NOT_THERE")
  })
})

describe("a run that waits", () => {
  it("says at once where in the file the reason stands, and what to type next", async () => {
    await folder.write("waiting.yaml", waiting)
    const started = folder.start(["run", "waiting.yaml", "--follow"])
    await started.says("waiting.yaml:6:100")
    started.child.kill("SIGINT")
    const { err } = await started.ended
    expect(err).toMatch(/warning +waiting\.yaml:6:100 +volumes\[0\]\.spec\.claim_name +The volume corpus waits/)
    const submitted = await folder.berth(["run", "waiting.yaml"])
    expect(submitted.err).toContain(`berth explain ${submitted.out.slice(0, 8)}`)
  })

  it("is explained: since when, until when, why, and how to go on", async () => {
    const id = await submit("waiting.yaml", waiting)
    await waitForState(id, "PENDING")
    const { out } = await folder.berth(["explain", id])
    expect(out).toMatch(/^PENDING for \d+ s · gives up in 23 h 59 m\n/)
    expect(out).toMatch(/volumes\[0\]\.spec\.claim_name +The volume corpus waits for the PersistentVolumeClaim books/)
    expect(out).toContain(`berth logs ${id.slice(0, 8)} --follow`)
    expect((await folder.berth(["get", id])).out).toMatch(/^PENDING for \d+ s/m)
    expect((await folder.berth(["stop", id])).code).toBe(0)
  })
})

describe("a run that is followed", () => {
  it("tells what it asked for, then that it runs, then its log, then how it ended; the log is not quoted again", async () => {
    await folder.write(
      "retry.yaml",
      "kind: container\nname: retry\ncommand: [sh, -c, 'echo tried; exit 4']\nrun: { retries: { user: 1 }, envs: { A: b } }\n",
    )
    const { code, err } = await folder.berth(["run", "retry.yaml", "--follow"])
    expect(code).toBe(1)
    expect(err).toMatch(/retries\.user +1 +run +enforced/)
    expect(err).toMatch(/envs\.A +b +run +enforced/)
    expect(err).toMatch(/timeouts\.queued +24h +default +enforced/)
    expect(err).not.toContain("READY →")
    const told = ["timeouts.queued", "PENDING → RUNNING", "│ tried", "exit code 4", "attempt 2 of 2"]
    const places = told.map((text) => err.indexOf(text))
    expect(places).toEqual(places.toSorted((a, b) => a - b))
    expect(places[0]).toBeGreaterThan(0)
    expect(err).toContain("Attempt 1 failed")
    expect(err.match(/│ tried/g)).toHaveLength(2)
  })

  it("ends without a stack trace when its reader has seen enough", async () => {
    const id = await submit("long.yaml", "kind: container\nname: long\ncommand: [seq, '50000']\n")
    await waitForState(id, "COMPLETED")
    const shell = `"${process.execPath}" "${bundle.path}" logs ${id} | head -n 1`
    const { stdout, stderr } = await promisify(execFile)("sh", ["-c", shell], { cwd: folder.path })
    expect([stdout, stderr]).toEqual(["1\n", ""])
  })
})

describe("a served run", () => {
  it("goes on after a stop, and only then", async () => {
    const id = await submit(
      "deploy.yaml",
      "kind: container\nname: deploy\ncommand: [sleep, '600']\nrun: { action: deploy }\n",
    )
    await waitForState(id, "RUNNING")
    const early = await folder.berth(["resume", id])
    expect([early.code, early.err]).toEqual([5, expect.stringContaining("is RUNNING")])
    expect((await folder.berth(["stop", id])).code).toBe(0)
    const resumed = await folder.berth(["resume", id])
    expect([resumed.code, resumed.out.trim()]).toEqual([0, `${id} goes on.`])
    await waitForState(id, "RUNNING")
    expect((await folder.berth(["delete", id])).code).toBe(0)
  })
})

describe("a project", () => {
  it("that owns something is deleted only with --cascade", async () => {
    await folder.write("owned.yaml", "kind: container\nname: owned\nproject: owner\ncommand: ['true']\n")
    await folder.berth(["run", "owned.yaml", "--follow"])
    const refused = await folder.berth(["project", "delete", "owner"])
    expect([refused.code, refused.err]).toEqual([5, expect.stringContaining("owns 1 function, 1 run")])
    expect((await folder.berth(["list", "-p", "owner"])).out).toContain("owned")
    expect((await folder.berth(["project", "delete", "owner", "--cascade"])).code).toBe(0)
    expect((await folder.berth(["project", "list"])).out).not.toMatch(/^owner /m)
  })
})

describe("a server", () => {
  it("that is just ending is waited for and replaced", async () => {
    await folder.berth(["list"])
    const { pid } = await folder.server()
    process.kill(pid, "SIGTERM")
    expect((await folder.berth(["list"])).code).toBe(0)
    expect((await folder.server()).pid).not.toBe(pid)
  })

  it.each([
    ["nonsense", 2, "BERTH_ENDPOINT is"],
    ["http://127.0.0.1:1", 69, "BERTH_ENDPOINT names this server"],
  ])("that BERTH_ENDPOINT names as %s is an error that says so", async (BERTH_ENDPOINT, code, said) => {
    const ended = await folder.berth(["list"], { env: { BERTH_ENDPOINT } })
    expect([ended.code, ended.err]).toEqual([code, expect.stringContaining(said)])
  })
})
