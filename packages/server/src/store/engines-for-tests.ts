import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { missing } from "../../../../scripts/parts.ts"
import { openStore, type StoreOptions } from "./open.ts"
import { type Postgres, startPostgres } from "./postgres-for-tests.ts"
import type { Store } from "./store.ts"

/** One of the two engines; every store that a test opens is empty and its own. */
export interface TestEngine {
  readonly name: "sqlite" | "postgres"
  readonly skipped: boolean
  open(options?: Partial<StoreOptions>): Promise<OpenedStore>
  /** Closes and removes everything. */
  end(): Promise<void>
}

export interface OpenedStore {
  readonly store: Store
  /** To open it again. */
  readonly options: StoreOptions
}

/** Both engines, for `describe.each`. PostgreSQL starts when it is first needed. */
export function createEngines(): readonly TestEngine[] {
  let postgres: Promise<Postgres> | undefined
  const startOnce = () => {
    postgres ??= startPostgres()
    return postgres
  }
  return [
    { name: "sqlite", skipped: false, ...createOpener(async () => ({})) },
    {
      name: "postgres",
      skipped: missing("postgres"),
      ...createOpener(
        async () => ({ databaseUrl: await (await startOnce()).createDatabase() }),
        async () => (await postgres)?.stop(),
      ),
    },
  ]
}

function createOpener(
  place: () => Promise<{ readonly databaseUrl?: string }>,
  stop: () => Promise<void> = async () => {},
): Pick<TestEngine, "open" | "end"> {
  const ends: (() => Promise<void>)[] = []
  return {
    async open(extra) {
      const dataDir = await mkdtemp(join(tmpdir(), "berth-store-"))
      ends.push(() => rm(dataDir, { recursive: true, force: true }))
      const options = { dataDir, ...(await place()), ...extra }
      const store = await openStore(options)
      ends.push(() => store.close())
      return { store, options }
    },
    async end() {
      for (const end of ends.splice(0).reverse()) await end()
      await stop()
    },
  }
}
