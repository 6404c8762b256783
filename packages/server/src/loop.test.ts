import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { createLocalExecutor, type LocalExecutor } from "@berth/local"
import type { ContainerProgram, Requirements } from "@berth/spec"
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest"
import { createReconciler, type Reconciler } from "./reconcile/loop.ts"
import { removeIfEmptied, resumeDeletions } from "./reconcile/project-deletion.ts"
import { runRow } from "./reconcile/testing/rows.ts"
import { openStore } from "./store/open.ts"
import type { RunRow, Store } from "./store/store.ts"

let dataDir: string
let store: Store
let executor: LocalExecutor
let reconciler: Reconciler

async function open(): Promise<void> {
  store = await openStore({ dataDir })
  executor = await createLocalExecutor({
    dataDir,
    instance: store.instance,
    engine: "process",
    objects: (project) => store.settings.objects(project),
    secretValues: (project, names) => store.secrets.values(project, names),
  })
  const log = { warn: (facts: object, message: string) => console.log(message, facts) }
  reconciler = createReconciler({ store, executor, log, now: () => new Date(), random: Math.random, graceSeconds: 2 })
  await reconciler.start()
}

async function close(): Promise<void> {
  await reconciler.close()
  await executor.close()
  await store.close()
}

beforeEach(async () => {
  dataDir = mkdtempSync(join(tmpdir(), "berth-loop-"))
  await open()
})

afterEach(async () => {
  await close()
  rmSync(dataDir, { recursive: true, force: true })
})

async function submit(script: string, requirements: Requirements = {}): Promise<RunRow> {
  const now = new Date().toISOString()
  const row = runRow({ requirements, created: now, updated: now })
  const program: ContainerProgram = { kind: "container", command: ["sh", "-c", script], args: [] }
  const built = row.built as NonNullable<RunRow["built"]>
  const submitted = { ...row, built: { ...built, attempt: { ...built.attempt, program, queuedAt: now } } }
  await store.projects.insert({
    name: "p",
    user: "ann",
    metadata: row.metadata,
    spec: {},
    status: {},
    created: now,
    updated: now,
    deleting: false,
  })
  expect(await store.runs.insert(submitted)).toBe(true)
  reconciler.wake("p", "r1")
  return submitted
}

async function until(state: RunRow["state"]): Promise<RunRow> {
  return await vi.waitFor(
    async () => {
      const row = await store.runs.get("p", "r1")
      expect(`${row?.state} ${row?.message}`).toMatch(new RegExp(`^${state} `))
      return row as RunRow
    },
    { timeout: 10_000, interval: 20 },
  )
}

async function readLog(): Promise<string> {
  const streams = await store.logs.streams("p", "r1")
  const chunks = await Promise.all(streams.map((stream) => store.logs.read(stream, 0, 1000)))
  return Buffer.concat(chunks.flat().map(({ bytes }) => bytes)).toString()
}

async function untilCleanedUp(): Promise<void> {
  await vi.waitFor(async () => expect(await store.runs.live()).toEqual([]), { timeout: 5000, interval: 20 })
}

describe("the loop on this machine", () => {
  test("a run that fails: its exit code, its log, its transitions, and nothing left", async () => {
    await submit("echo hi; exit 3")
    const row = await until("ERROR")
    expect(row).toMatchObject({ reason: "exit.nonzero", findings: [{ data: { exitCode: 3 }, evidence: ["hi"] }] })
    expect(await readLog()).toBe("hi\n")
    await untilCleanedUp()
    const states = (await store.runs.transitions("p", "r1")).map(({ state }) => state)
    expect(states.toReversed()).toEqual(expect.arrayContaining(["READY", "PENDING", "ERROR"]))
  })

  test("a run goes on while the server is away, and ends with its whole log", async () => {
    await submit("for i in 1 2 3 4 5 6; do echo line $i; sleep 0.2; done; exit 7")
    await until("RUNNING")
    await close()
    await new Promise((resolve) => setTimeout(resolve, 1500))
    await open()
    expect(await until("ERROR")).toMatchObject({ findings: [{ data: { exitCode: 7 } }] })
    expect(await readLog()).toBe([1, 2, 3, 4, 5, 6].map((i) => `line ${i}\n`).join(""))
    await untilCleanedUp()
  })

  test("a stop ends it", async () => {
    await submit("echo up; sleep 60")
    await until("RUNNING")
    await store.runs.setDesired("p", "r1", "stop", new Date().toISOString())
    reconciler.wake("p", "r1")
    expect(await until("STOPPED")).toMatchObject({ reason: "run.stopped" })
    await untilCleanedUp()
  })

  test("a deletion of a project that an earlier server began is finished", async () => {
    await submit("echo up; sleep 60")
    await until("RUNNING")
    await store.projects.update("p", { deleting: true, updated: new Date().toISOString() })
    await close()
    await open()
    await vi.waitFor(async () => expect(await store.projects.get("p")).toBeUndefined(), { timeout: 10_000 })
    expect(await store.runs.get("p", "r1")).toBeUndefined()
    expect(readdirSync(join(dataDir, "local/attempts"))).toEqual([])
  })
})

describe("the data of a project's claims", () => {
  const claim = { apiVersion: "v1", kind: "PersistentVolumeClaim", metadata: { name: "c" } }
  const volumes = [
    { name: "c", mountPath: "/berth-c", volumeType: "persistent_volume_claim", spec: { claimName: "c" } },
  ] as const
  const now = () => new Date().toISOString()
  const folder = () => join(dataDir, "volumes/p")

  /** A run of the project that leaves something in a claim. */
  async function fill(): Promise<void> {
    await submit(`echo mine >"\${BERTH_VOLUME_C:-/berth-c}/f"`, { volumes })
    await store.settings.putObjects("p", [claim], now())
    await executor.rescan()
    await until("COMPLETED")
    await untilCleanedUp()
    expect(readFileSync(join(folder(), "c/f"), "utf8")).toBe("mine\n")
  }

  async function removeRuns(): Promise<void> {
    await store.projects.update("p", { deleting: true, updated: now() })
    await store.runs.setDesired("p", "r1", "delete", now())
    reconciler.wake("p", "r1")
  }

  async function untilGone(): Promise<void> {
    await vi.waitFor(async () => expect(await store.projects.get("p")).toBeUndefined(), { timeout: 10_000 })
    expect(existsSync(folder())).toBe(false)
  }

  test("goes with its last run, and before the project", async () => {
    await fill()
    await removeRuns()
    await untilGone()
  })

  test("goes with a project that has no run, and with no other", async () => {
    await fill()
    await store.runs.remove("p", "r1", now())
    await reconciler.endProject("p")
    expect(existsSync(folder())).toBe(true)
    await store.projects.update("p", { deleting: true, updated: now() })
    await Promise.all([reconciler.endProject("p"), reconciler.endProject("p")])
    await untilGone()
  })

  test("is gone before another project can have the name, wherever the server was killed", async () => {
    await fill()
    await store.projects.update("p", { deleting: true, updated: now() })
    await store.runs.remove("p", "r1", now())
    const killed = async () => {
      throw new Error("killed")
    }
    await expect(removeIfEmptied({ store, executor: { forgetProject: killed } }, "p")).rejects.toThrow("killed")
    expect(await store.projects.get("p")).toMatchObject({ deleting: true })
    expect(existsSync(folder())).toBe(true)
    const { runs } = store
    const { get, list } = store.projects
    const projects = {
      ...store.projects,
      get: get.bind(store.projects),
      list: list.bind(store.projects),
      remove: killed,
    }
    await expect(resumeDeletions({ store: { runs, projects }, executor }, now())).rejects.toThrow("killed")
    expect(await store.projects.get("p")).toMatchObject({ deleting: true })
    expect(existsSync(folder())).toBe(false)
    await close()
    await open()
    await untilGone()
  })
})
