import { randomUUID } from "node:crypto"
import { createLocalExecutor, type LocalExecutor } from "@berth/local"
import { BerthError } from "@berth/spec"
import type { FastifyInstance } from "fastify"
import pino, { type Logger } from "pino"
import type { Config } from "./config.ts"
import { createApp } from "./http/app.ts"
import type { AppDeps } from "./http/deps.ts"
import { checkListen, type FileToken, readTokensFile } from "./http/tokens-file.ts"
import { endWhenIdle } from "./idle.ts"
import { createReconciler, type Reconciler } from "./reconcile/loop.ts"
import { maskFindings, readPatterns } from "./reconcile/secret-values.ts"
import { openStore } from "./store/open.ts"
import type { Store } from "./store/store.ts"
import { createTraffic, type Traffic } from "./traffic.ts"
import { version } from "./version.ts"

/** A server that listens. */
export interface RunningServer {
  /** Where it is reached: `http://127.0.0.1:8080`. */
  readonly url: string
  /** Resolves when the server has to end: nobody needs it (`idle`), or the database is no longer its own (`lost`). */
  readonly hasToEnd: Promise<"idle" | "lost">
  /** Takes no more requests, finishes what is under way and closes the store. What runs goes on. */
  close(): Promise<void>
}

/**
 * Wires store, executor, reconciler and HTTP, and listens.
 *
 * @throws BerthError `unavailable` when another server has the data folder or the address, `invalid` for an address
 * beyond loopback without tokens, `unsupported` for an executor that is not part of this program
 */
export async function startServer(config: Config, extension: Extension = {}): Promise<RunningServer> {
  const tokens = config.tokensFile === undefined ? [] : await readTokensFile(config.tokensFile)
  checkListen(config.listen.host, tokens)
  checkExecutor(config)
  const log = pino({ level: config.logLevel }, pino.destination(2))
  if (tokens.length === 0) log.warn("No tokens file: every process of this machine may use this server.")
  const opened: (() => Promise<void>)[] = []
  const close = async () => {
    while (opened.length > 0) await opened.pop()?.()
  }
  try {
    return await assemble({ ...extension, config, tokens, log, opened, close })
  } catch (error) {
    await close()
    throw error
  }
}

/** What a benchmark adds to the server that it measures. */
export interface Extension {
  /** Called with the app before it listens. */
  readonly extend?: (app: FastifyInstance, store: Store) => void
}

interface Assembly extends Extension {
  readonly config: Config
  readonly tokens: readonly FileToken[]
  readonly log: Logger
  /** How to close what is open, oldest first. */
  readonly opened: (() => Promise<void>)[]
  close(): Promise<void>
}

async function assemble(assembly: Assembly): Promise<RunningServer> {
  const { config, log, opened, close } = assembly
  const store = await openStore({ ...toStoreOptions(config), log })
  opened.push(() => store.close())
  const executor = await openExecutor(config, store)
  opened.push(() => executor.close())
  const traffic = createTraffic()
  const reconciler = createReconciler({
    store,
    executor,
    log,
    turn: traffic.turn,
    now: () => new Date(),
    random: Math.random,
  })
  opened.push(() => reconciler.close())
  await reconciler.start()
  const app = await createApp(toAppDeps(assembly, { store, executor, reconciler, traffic }))
  opened.push(() => app.close())
  const address = await listen(() => app.listen({ host: config.listen.host, port: config.listen.port }), config)
  const idle = endWhenIdle({ server: app.server, store, minutes: config.idleMinutes, log })
  opened.push(async () => idle.cancel())
  const url = config.publicUrl ?? toUrl(config.listen.host, address)
  return { url, hasToEnd: Promise.race([idle.reached, lost(store)]), close }
}

function toStoreOptions({ dataDir, databaseUrl, secretKeyFile }: Config): Parameters<typeof openStore>[0] {
  return {
    dataDir,
    ...(databaseUrl !== undefined && { databaseUrl }),
    ...(secretKeyFile !== undefined && { secretKeyFile }),
  }
}

function checkExecutor({ executor }: Config): void {
  if (executor === "local") return
  throw new BerthError("unsupported", "The kubernetes executor is not part of this version. Set BERTH_EXECUTOR=local.")
}

async function openExecutor(config: Config, store: Store): Promise<LocalExecutor> {
  return await createLocalExecutor({
    dataDir: config.dataDir,
    instance: store.instance,
    engine: config.localEngine,
    objects: (project) => store.settings.objects(project),
    secretValues: (project, names) => store.secrets.values(project, names),
  })
}

interface Opened {
  readonly store: Store
  readonly executor: LocalExecutor
  readonly reconciler: Reconciler
  readonly traffic: Traffic
}

/** The executor reaches HTTP as its three read-only questions. */
function toAppDeps(
  { config, tokens, log, extend }: Assembly,
  { store, executor, reconciler, traffic }: Opened,
): AppDeps {
  const { listen, localEngine, ...settings } = config
  return {
    store,
    config: { ...settings, host: listen.host, commandRequired: localEngine === "process" },
    tokens,
    wake: (project, run) => reconciler.wake(project, run),
    endProject: (project) => reconciler.endProject(project),
    requestBegan: traffic.begin,
    plan: (attempt, options) => executor.plan({ attempt }, options),
    explain: async (attempt, options) =>
      maskFindings(await executor.explain(attempt, options), await readPatterns(store, attempt.project)),
    inventory: (project, options) => executor.inventory(project, options),
    objectsChanged: () => executor.rescan(),
    queueDepth: () => reconciler.queueDepth,
    log,
    now: () => new Date(),
    newId: () => randomUUID().replaceAll("-", ""),
    version,
    ...(extend !== undefined && { extend: (app) => extend(app, store) }),
  }
}

async function listen(begin: () => Promise<string>, { listen: { host, port } }: Config): Promise<string> {
  try {
    return await begin()
  } catch (cause) {
    const detail = cause instanceof Error ? cause.message : String(cause)
    throw new BerthError("unavailable", `Cannot listen on ${host}:${port}: ${detail}. Choose another address.`, {
      cause,
    })
  }
}

/** With the host as it was configured and the port that was really taken. */
function toUrl(host: string, address: string): string {
  return `http://${host.includes(":") ? `[${host}]` : host}:${new URL(address).port || "80"}`
}

function lost(store: Store): Promise<"lost"> {
  return new Promise((resolve) => store.lost.addEventListener("abort", () => resolve("lost"), { once: true }))
}
