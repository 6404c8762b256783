import type { Server } from "node:http"
import type { Store } from "./store/store.ts"

export interface IdleOptions {
  readonly server: Server
  readonly store: Pick<Store, "runs">
  /** 0: never. */
  readonly minutes: number
  readonly log: { warn(facts: object, message: string): void }
}

const msPerMinute = 60_000

/** Resolves `reached` once for so long no request was answered, no stream was open and no run was live. */
export function endWhenIdle({ server, store, minutes, log }: IdleOptions): {
  readonly reached: Promise<"idle">
  cancel(): void
} {
  const { promise, resolve } = Promise.withResolvers<"idle">()
  if (minutes === 0) return { reached: promise, cancel: () => undefined }
  let lastBusyAt = Date.now()
  let open = 0
  server.on("request", (_request, response) => {
    open++
    response.once("close", () => {
      open--
      lastBusyAt = Date.now()
    })
  })
  const look = async () => {
    if (open > 0 || (await store.runs.live()).length > 0) lastBusyAt = Date.now()
    else if (Date.now() - lastBusyAt >= minutes * msPerMinute) resolve("idle")
  }
  const timer = setInterval(
    () => void look().catch((error) => log.warn({ err: error }, "live runs are counted again")),
    Math.min(10_000, (minutes * msPerMinute) / 4),
  )
  return { reached: promise, cancel: () => clearInterval(timer) }
}
