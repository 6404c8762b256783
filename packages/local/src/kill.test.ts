import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, readFileSync, realpathSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout } from "node:timers/promises"
import { expect, it } from "vitest"
import { createRandom } from "../../../scripts/seed.ts"
import { doomedAttempt, notesClaim } from "./testing/doomed-attempt.ts"
import { createExecutorFixture } from "./testing/executor-fixture.ts"
import { findByCommand } from "./testing/machine.ts"
import { claimFolder } from "./volumes/claim.ts"

const random = createRandom("local kill")
const rounds = 8
const perRound = 3

/** Starts a server that accepts the attempts, and kills it after a random while. */
async function serveAndKill(data: string, uids: readonly string[]): Promise<void> {
  const program = join(import.meta.dirname, "testing", "doomed-server.ts")
  const child: ChildProcess = spawn(process.execPath, ["--conditions=@berth/source", program, data, ...uids], {
    stdio: ["ignore", "pipe", "inherit"],
  })
  if (child.stdout !== null) await once(child.stdout, "data")
  await setTimeout(random() * 250)
  child.kill("SIGKILL")
  await once(child, "exit")
}

it("a server killed at any moment loses nothing: every attempt is started once and ends with its own code and log", async () => {
  const data = realpathSync(mkdtempSync(join(tmpdir(), "berth-kill-")))
  const all: string[] = []
  for (let round = 0; round < rounds; round++) {
    const uids = Array.from({ length: perRound }, (_, index) => `k${round}-${index}`)
    await serveAndKill(data, uids)
    all.push(...uids)
  }
  const fixture = await createExecutorFixture({ data, objects: [notesClaim] })
  try {
    for (const uid of all) await fixture.executor.start(doomedAttempt(uid, Number(uid.at(-1))))
    for (const uid of all) {
      const exit = await fixture.ended(uid, 30_000)
      expect([uid, exit.reason, exit.code]).toEqual([uid, "exited", Number(uid.at(-1)) + 1])
      const lines = Array.from({ length: 10 }, (_, index) => `${uid} ${index + 1}\n`)
      expect(await fixture.log(doomedAttempt(uid, 0))).toBe(lines.join(""))
      expect(readFileSync(join(claimFolder(data, "demo", "notes"), uid), "utf8")).toBe("started\n")
    }
  } finally {
    await fixture.dispose()
  }
  expect(findByCommand("berth-supervisor k")).toEqual([])
}, 90_000)
