import { attemptLabel, instanceLabel } from "./create-request.ts"
import type { Daemon } from "./daemon.ts"

/** Removes this server's containers whose attempt is no more on disk: what an earlier server could not remove. */
export async function sweepContainers(
  daemon: Daemon,
  { instance, known }: { readonly instance: string; readonly known: ReadonlySet<string> },
): Promise<void> {
  const filters = JSON.stringify({ label: [`${instanceLabel}=${instance}`] })
  const found = (await daemon.call("GET", "/containers/json", { query: { all: "1", filters } })) as readonly {
    readonly Id: string
    readonly Labels?: Readonly<Record<string, string>>
  }[]
  for (const { Id, Labels } of found) {
    if (known.has(Labels?.[attemptLabel] ?? "")) continue
    await daemon.call("POST", `/containers/${Id}/kill`, { query: { signal: "SIGKILL" }, accept: [404, 409, 500] })
    await daemon.call("DELETE", `/containers/${Id}`, { query: { force: "1", v: "1" }, accept: [404, 409] })
  }
}
