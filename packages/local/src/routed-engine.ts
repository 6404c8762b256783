import { isContainer } from "./container/container-files.ts"
import type { Engine } from "./engine.ts"
import type { Places } from "./places.ts"

/** Images go to the container engine; handlers always run on this machine's own interpreters. */
export function createRoutedEngine(engines: { readonly container: Engine; readonly process: Engine }): Engine {
  const byKind = (kind: string) => (kind === "container" ? engines.container : engines.process)
  const byFiles = (places: Places) => (isContainer(places) ? engines.container : engines.process)
  return {
    name: "container",
    mounts: (attempt) => byKind(attempt.program.kind).mounts(attempt),
    parity: (attempt) => byKind(attempt.program.kind).parity(attempt),
    capabilities: () => engines.container.capabilities(),
    refusals: (attempt) => byKind(attempt.program.kind).refusals(attempt),
    launch: (launch, options) => byKind(launch.attempt.program.kind).launch(launch, options),
    state: (places) => byFiles(places).state(places),
    stop: (places, graceSeconds) => byFiles(places).stop(places, graceSeconds),
    remove: (places) => byFiles(places).remove(places),
    logs: (places, options) => byFiles(places).logs(places, options),
    watch(changed) {
      const watches = [engines.container.watch(changed), engines.process.watch(changed)]
      return {
        [Symbol.dispose]() {
          for (const watch of watches) watch[Symbol.dispose]()
        },
      }
    },
  }
}
