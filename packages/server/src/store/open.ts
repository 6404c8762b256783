import { closeSync, mkdirSync, openSync } from "node:fs"
import { join } from "node:path"
import { createChanges } from "./changes.ts"
import type { Engine } from "./engine.ts"
import { createEntities } from "./entities.ts"
import { readInstance } from "./instance.ts"
import { createKeyFile } from "./key-file.ts"
import { openKeyring } from "./keyring.ts"
import { createLogs } from "./logs.ts"
import { migrate } from "./migrations/migrate.ts"
import { createPrincipals } from "./principals.ts"
import { createProjects } from "./projects.ts"
import { createRuns } from "./runs.ts"
import { createSecrets } from "./secrets.ts"
import { createSettings } from "./settings.ts"
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
}

/** Opens the store, brings its schema up to date and takes it into this process's possession. */
export async function openStore(options: StoreOptions): Promise<Store> {
  mkdirSync(options.dataDir, { recursive: true, mode: 0o700 })
  const engine = openEngine(options)
  try {
    return await assemble(engine, options)
  } catch (error) {
    await engine.close()
    throw error
  }
}

function openEngine({ dataDir }: StoreOptions): Engine {
  const path = join(dataDir, "berth.db")
  closeSync(openSync(path, "a", 0o600))
  return openSqlite(path)
}

async function assemble(engine: Engine, options: StoreOptions): Promise<Store> {
  await migrate(engine)
  const { instance, epoch } = await readInstance(engine)
  const keyring = await openKeyring(engine, createKeyFile(options.secretKeyFile ?? join(options.dataDir, "secret.key")))
  const { onChange, changed } = createChanges()
  return {
    projects: createProjects(engine),
    entities: createEntities(engine),
    runs: createRuns(engine, { epoch, changed, keptDeletions: options.keptDeletions ?? 10_000 }),
    logs: createLogs(engine),
    secrets: createSecrets(engine, keyring),
    settings: createSettings(engine, keyring),
    principals: createPrincipals(engine),
    instance,
    lost: new AbortController().signal,
    onChange,
    close: () => engine.close(),
  }
}
