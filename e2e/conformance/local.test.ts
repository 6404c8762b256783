import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { createLocalExecutor, type LocalExecutor, type LocalExecutorOptions } from "@berth/local"
import type { JsonObject } from "@berth/spec"
import { describe } from "vitest"
import { missing } from "../../scripts/parts.ts"
import { conformance } from "./conformance.ts"
import type { Subject } from "./subject.ts"

type Choice = Pick<LocalExecutorOptions, "engine" | "isolation">

async function createSubject(choice: Choice): Promise<Subject> {
  const dataDir = mkdtempSync(join(tmpdir(), "berth-port-"))
  let objects: readonly JsonObject[] = []
  let secrets: Readonly<Record<string, string>> = {}
  const open = () =>
    createLocalExecutor({
      ...choice,
      dataDir,
      instance: "conformance",
      objects: async () => objects,
      secretValues: async (_project, names) =>
        Object.fromEntries(Object.entries(secrets).filter(([name]) => names.includes(name))),
    })
  let executor: LocalExecutor = await open()
  return {
    get executor() {
      return executor
    },
    async setObjects(given) {
      objects = given
      await executor.rescan()
    },
    async setSecrets(given) {
      secrets = given
      await executor.rescan()
    },
    async restart() {
      await executor.close()
      executor = await open()
      return executor
    },
    async close() {
      await executor.close()
      rmSync(dataDir, { recursive: true, force: true })
    },
  }
}

function suite(name: string, choice: Choice): void {
  conformance({ name, create: () => createSubject(choice) })
}

suite("local, processes without namespaces", { engine: "process", isolation: "none" })
describe.skipIf(missing("unshare"))("namespaces by unshare", () => {
  suite("local, processes in unshare", { engine: "process", isolation: "unshare" })
})
describe.skipIf(missing("bubblewrap"))("namespaces by bubblewrap", () => {
  suite("local, processes in bubblewrap", { engine: "process", isolation: "bubblewrap" })
})
