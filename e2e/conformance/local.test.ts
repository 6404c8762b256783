import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { createLocalExecutor, type LocalExecutor, type LocalExecutorOptions } from "@berth/local"
import type { JsonObject } from "@berth/spec"
import { afterAll, describe } from "vitest"
import { type PodmanService, startPodman } from "../../packages/local/src/testing/podman-service.ts"
import { missing } from "../../scripts/parts.ts"
import { conformance } from "./conformance.ts"
import type { Subject } from "./subject.ts"

type Choice = Pick<LocalExecutorOptions, "engine" | "isolation" | "environment">

type Programs = Pick<Subject, "image" | "isFirstProcess" | "serverCommand">

const onHost: Programs = {
  image: "docker.io/library/python:3.11-slim",
  isFirstProcess: false,
  serverCommand: (port) => ["python3", "-u", "-m", "http.server", "--bind", "127.0.0.1", String(port)],
}

const inContainer: Omit<Programs, "image"> = {
  isFirstProcess: true,
  serverCommand: (port) => ["busybox", "httpd", "-f", "-p", String(port)],
}

async function createSubject(choice: Choice, programs: Programs): Promise<Subject> {
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
    ...programs,
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
  conformance({ name, create: () => createSubject(choice, onHost) })
}

suite("local, processes without namespaces", { engine: "process", isolation: "none" })
describe.skipIf(missing("unshare"))("namespaces by unshare", () => {
  suite("local, processes in unshare", { engine: "process", isolation: "unshare" })
})
describe.skipIf(missing("bubblewrap"))("namespaces by bubblewrap", () => {
  suite("local, processes in bubblewrap", { engine: "process", isolation: "bubblewrap" })
})
describe.skipIf(missing("podman"))("containers", () => {
  let podman: PodmanService | undefined
  afterAll(() => podman?.stop(), 60_000)
  conformance({
    name: "local, containers of Podman",
    async create() {
      podman = await startPodman()
      const environment = { ...process.env, DOCKER_HOST: `unix://${podman.socket}` }
      return await createSubject({ engine: "container", environment }, { ...inContainer, image: podman.image })
    },
  })
})
