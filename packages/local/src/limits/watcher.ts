import type { LimitMechanism } from "./mechanism.ts"

/** Where no cgroup can be used: nothing is prepared, memory is looked at from outside (`memory-watch.ts`). */
export function createWatcherLimits(): LimitMechanism {
  return {
    name: "watcher",
    enforcesMemory: false,
    enforcesCpu: false,
    create: () => ({ folders: [], counters: [] }),
    oomKills: () => undefined,
    remove: () => {},
    list: () => [],
  }
}
