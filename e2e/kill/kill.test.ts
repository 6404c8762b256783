import { setTimeout as sleep } from "node:timers/promises"
import { afterAll, beforeAll, expect, test, vi } from "vitest"
import { scaled } from "../../scripts/scale.ts"
import { createRandom } from "../../scripts/seed.ts"
import { createApi } from "../api.ts"
import { type ServerProcess, startServerProcess } from "../server-process.ts"
import { Fleet } from "./fleet.ts"
import {
  attemptFolders,
  foldersNamed,
  isAlive,
  mountsBelow,
  type ProcessMark,
  processesOf,
  supervisors,
} from "./traces.ts"

const kills = scaled("kill", { small: 20, full: 120 })
const fleetSize = 10

let server: ServerProcess
let fleet: Fleet | undefined
const random = createRandom("kill")
const seen = new Map<string, ProcessMark>()
const uids = new Set<string>()

beforeAll(async () => {
  server = await startServerProcess({ BERTH_LOG_LEVEL: "warn" })
})

afterAll(async () => {
  await server?.kill()
  for (const { pid } of [...seen.values()].filter(isAlive)) process.kill(pid, "SIGKILL")
  for (const pid of fleet?.ships.flatMap(({ id }) => processesOf(id)) ?? []) process.kill(pid, "SIGKILL")
  await server?.close()
})

function noteProcesses(): void {
  for (const mark of supervisors(server.dataDir)) seen.set(`${mark.pid} ${mark.started}`, mark)
  for (const uid of attemptFolders(server.dataDir)) uids.add(uid)
}

test(`${kills} kills at random points: nothing lost, nothing twice, nothing left`, {
  timeout: kills * 10_000 + 120_000,
}, async () => {
  const api = createApi(() => server.url, "kill")
  await api.call("POST", "/api/v1/projects", { name: "kill" })
  const claim = {
    apiVersion: "v1",
    kind: "PersistentVolumeClaim",
    metadata: { name: "starts" },
    spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } },
  }
  await api.call("PUT", "/api/berth/v1/projects/kill/objects", { objects: [claim] })
  const ships = new Fleet({ server, api, random })
  for (let kill = 0; kill < kills; kill++) {
    const asked = new AbortController()
    const asking = Promise.all([ask(ships, asked.signal), ask(ships, asked.signal)])
    await sleep(random() * 900)
    noteProcesses()
    asked.abort()
    await server?.kill()
    await asking
    await sleep(random() * 400)
    await server.start()
    await ships.look()
  }

  await vi.waitFor(async () => expect(await ships.underWay()).toEqual([]), { timeout: 90_000, interval: 200 })
  await ships.look()
  noteProcesses()
  await ships.check()
  const nothing = { folders: [], alive: [], mounts: [], named: [] }
  await vi.waitFor(() => expect(whatIsLeft()).toEqual(nothing), { timeout: 10_000, interval: 100 })
  console.log(`${kills} kills, ${ships.tally()}, ${uids.size} attempts and ${seen.size} supervisors seen`)
})

function whatIsLeft() {
  return {
    folders: attemptFolders(server.dataDir),
    alive: [...seen.values()].filter(isAlive),
    mounts: mountsBelow(server.dataDir),
    named: foldersNamed((name) => [...uids].some((uid) => name.includes(uid))),
  }
}

/** Asks for things without waiting for the right moment: a request that the kill cuts off is part of the test. */
async function ask(fleet: Fleet, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      const dice = random()
      if (fleet.alive < fleetSize && dice < 0.6) await fleet.submit()
      else if (dice < 0.75) await fleet.stopOne()
      else if (dice < 0.85) await fleet.removeOne()
      else await fleet.submitNonsense()
    } catch (error) {
      if (!isCutOff(error)) throw error
    }
    await sleep(random() * 120)
    noteProcesses()
  }
}

/** What a client sees of a server that dies or is not there. */
function isCutOff(error: unknown): boolean {
  return error instanceof TypeError && ["fetch failed", "terminated"].includes(error.message)
}
