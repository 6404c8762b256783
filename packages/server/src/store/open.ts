import { closeSync, mkdirSync, openSync } from "node:fs"
import { join } from "node:path"
import type { Logger } from "pino"
import { createChanges } from "./changes.ts"
import type { Engine } from "./engine.ts"
import { createEntities } from "./entities.ts"
import { readInstance } from "./instance.ts"
import { createKeyFile } from "./key-file.ts"
import { openKeyring } from "./keyring.ts"
import { lockFolder } from "./lock.ts"
import { createLogs } from "./logs.ts"
import { migrate } from "./migrations/migrate.ts"
import { openPostgres } from "./postgres.ts"
import { lockDatabase } from "./postgres-lock.ts"
import { createPrincipals } from "./principals.ts"
import { createProjects } from "./projects.ts"
import { createRuns } from "./runs.ts"
import { createSecrets } from "./secrets.ts"
import { createSettings, rememberObjects } from "./settings.ts"
import { openSqlite } from "./sqlite.ts"
import type { Store } from "./store.ts"

export interface StoreOptions {
  /** Folder of the database, the key and the lock; made (0700) when it is not there. */
  readonly dataDir: string
  /** `postgres://…`; without it the database is `<dataDir>/berth.db`. */
  readonly databaseUrl?: string
  /** Default `<dataDir>/secret.key`, made when the first secret is stored. */
  readonly secretKeyFile?: string
  /** Deletions of runs that a project remembers for readers of its transitions. Default 10,000. */
  readonly keptDeletions?: number
  readonly log?: Pick<Logger, "warn">
}

/** Opens the store, takes it into this process's possession and brings its schema up to date. */
export async function openStore(options: StoreOptions): Promise<Store> {
  mkdirSync(options.dataDir, { recursive: true, mode: 0o700 })
  const folder = await lockFolder(options.dataDir)
  const opened: (() => Promise<void> | void)[] = [() => folder.release()]
  const close = async (): Promise<void> => {
    for (const end of opened.splice(0).reverse()) await end()
  }
  try {
    const lock = options.databaseUrl === undefined ? undefined : await lockDatabase(options.databaseUrl)
    if (lock !== undefined) opened.push(() => lock.release())
    const engine = await openEngine(options)
    opened.push(() => engine.close())
    return { ...(await assemble(engine, options)), lost: lock?.lost ?? new AbortController().signal, close }
  } catch (error) {
    await close()
    throw error
  }
}

async function openEngine({ dataDir, databaseUrl, log }: StoreOptions): Promise<Engine> {
  if (databaseUrl !== undefined) {
    return await openPostgres(databaseUrl, (error) => log?.warn({ err: error }, "an idle database connection broke"))
  }
  const path = join(dataDir, "berth.db")
  closeSync(openSync(path, "a", 0o600))
  return openSqlite(path)
}

async function assemble(engine: Engine, options: StoreOptions): Promise<Omit<Store, "lost" | "close">> {
  await migrate(engine)
  const { instance, epoch } = await readInstance(engine)
  const keyring = await openKeyring(engine, createKeyFile(options.secretKeyFile ?? join(options.dataDir, "secret.key")))
  const { onChange, changed } = createChanges()
  const objects = rememberObjects(engine, keyring)
  return {
    projects: createProjects(engine, { removed: objects.forget }),
    entities: createEntities(engine),
    runs: createRuns(engine, { epoch, changed, keptDeletions: options.keptDeletions ?? 10_000 }),
    logs: createLogs(engine, { changed }),
    secrets: createSecrets(engine, keyring),
    settings: createSettings(engine, { keyring, objects }),
    principals: createPrincipals(engine),
    instance,
    onChange,
  }
}
