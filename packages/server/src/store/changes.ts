import type { Store } from "./store.ts"

/** Who wants to know of changed runs. */
export interface Changes {
  readonly onChange: Store["onChange"]
  changed(project: string, run: string): void
}

export function createChanges(): Changes {
  const listeners = new Map<string, Set<(project: string, run: string) => void>>()
  return {
    onChange(project, listener) {
      const known = listeners.get(project) ?? new Set()
      listeners.set(project, known)
      known.add(listener)
      return () => {
        known.delete(listener)
        if (known.size === 0 && listeners.get(project) === known) listeners.delete(project)
      }
    },
    changed(project, run) {
      for (const listener of [...(listeners.get(project) ?? []), ...(listeners.get("*") ?? [])]) listener(project, run)
    },
  }
}
