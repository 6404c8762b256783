import { setTimeout } from "node:timers/promises"
import { attemptLabel, instanceLabel } from "./create-request.ts"
import type { Daemon } from "./daemon.ts"

const againMilliseconds = 1000

/**
 * Calls back with the attempt of every container of this server that was started, died or went. What a broken stream
 * misses is found when everything is looked at again.
 */
export function watchContainers(
  { daemon, instance }: { readonly daemon: Daemon; readonly instance: string },
  changed: (uid: string) => void,
): Disposable {
  const abort = new AbortController()
  void follow({ daemon, instance, signal: abort.signal }, changed)
  return { [Symbol.dispose]: () => abort.abort() }
}

async function follow(
  { daemon, instance, signal }: { readonly daemon: Daemon; readonly instance: string; readonly signal: AbortSignal },
  changed: (uid: string) => void,
): Promise<void> {
  const filters = JSON.stringify({ type: ["container"], label: [`${instanceLabel}=${instance}`] })
  while (!signal.aborted) {
    try {
      for await (const line of lines(daemon.stream("GET", "/events", { query: { filters }, signal }))) {
        const uid = attemptOf(line)
        if (uid !== undefined) changed(uid)
      }
    } catch {
      // The daemon went away; it is asked again below.
    }
    await setTimeout(againMilliseconds, undefined, { signal, ref: false }).catch(() => undefined)
  }
}

async function* lines(source: AsyncIterable<Uint8Array>): AsyncIterable<string> {
  let rest = ""
  for await (const bytes of source) {
    const parts = (rest + Buffer.from(bytes).toString("utf8")).split("\n")
    rest = parts.pop() ?? ""
    yield* parts
  }
}

function attemptOf(line: string): string | undefined {
  if (line.trim() === "") return undefined
  const event = JSON.parse(line) as { readonly Actor?: { readonly Attributes?: Readonly<Record<string, string>> } }
  return event.Actor?.Attributes?.[attemptLabel]
}
