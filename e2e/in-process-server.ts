import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { type Client, createClient } from "@berth/sdk"
import { readConfig, startServer } from "@berth/server"

/** The real server in this process, on a free port and a data folder of its own, and a client of it. */
export interface InProcessServer {
  readonly client: Client
  readonly endpoint: string
  readonly dataDir: string
  /** Stops the server and starts another one on the same data folder and port. */
  restart(): Promise<void>
  /** Stops the server and removes its data. */
  close(): Promise<void>
}

/** Starts a server for a test. */
export async function startInProcess(settings: NodeJS.ProcessEnv = {}): Promise<InProcessServer> {
  const dataDir = await mkdtemp(join(tmpdir(), "berth-e2e-"))
  const environment = { BERTH_DATA: dataDir, BERTH_LOG_LEVEL: "fatal", ...settings }
  let server = await startServer(readConfig({ BERTH_LISTEN: "127.0.0.1:0", ...environment }))
  const endpoint = server.url
  return {
    client: createClient({ endpoint }),
    endpoint,
    dataDir,
    async restart() {
      await server.close()
      server = await startServer(readConfig({ ...environment, BERTH_LISTEN: new URL(endpoint).host }))
    },
    async close() {
      await server.close()
      await rm(dataDir, { recursive: true, force: true })
    },
  }
}
