import type { Limits } from "../engine.ts"

/** How limits are held on this machine. Which one is usable was tried with a child of our own. */
export interface LimitMechanism {
  readonly name: "cgroup-v1" | "cgroup-v2" | "watcher"
  /** True when the kernel itself holds the limit. */
  readonly enforcesMemory: boolean
  readonly enforcesCpu: boolean
  /**
   * Makes what the attempt needs and returns how its supervisor uses it. Idempotent by uid. Entering a cgroup costs
   * 10 to 40 ms (the kernel waits for a grace period), so there is none without a limit, unless it is what holds the
   * attempt's processes together.
   */
  create(uid: string, limits: Limits & { readonly contain: boolean }): LimitHandle
  /** Kills out-of-memory counts of a live attempt; undefined when nothing counts. */
  oomKills(uid: string): number | undefined
  /** Kills what is left inside and removes it. */
  remove(uid: string): void
  /** Attempts that have something here. */
  list(): readonly string[]
}

export interface LimitHandle {
  /** cgroup folders that the program enters and that are emptied at its end. */
  readonly folders: readonly string[]
  /** Lines of sh that print `oom N` and `peak N` when the program has ended. */
  readonly counters: readonly string[]
}
