import type { AttemptRef, Cancelable, Observation } from "@berth/spec"
import { type AttemptRecord, toObservation, toReference } from "./attempt-record.ts"

type Sink = (observation: Observation | "synced") => void

/** Who listens, and what they were told last: only what changed is told again. */
export interface Observers {
  /** Tells everyone what the record says now, if that is new. */
  publish(record: AttemptRecord): void
  absent(attempt: AttemptRef): void
  /** Tells the sink everything, then `synced`, then every change until the signal is aborted. */
  listen(sink: Sink, records: Iterable<AttemptRecord>, options: Cancelable): Promise<void>
}

export function createObservers(options: { readonly node: () => string; readonly now: () => Date }): Observers {
  const sinks = new Set<Sink>()
  const place = () => ({ node: options.node(), at: options.now().toISOString() })
  return {
    publish(record) {
      const text = JSON.stringify(toObservation(record, { ...place(), at: "" }))
      if (text === record.published) return
      record.published = text
      for (const sink of sinks) sink(toObservation(record, place()))
    },
    absent(attempt) {
      for (const sink of sinks) sink({ attempt: toReference(attempt), at: place().at, phase: "absent" })
    },
    async listen(sink, records, { signal }) {
      for (const record of records) sink(toObservation(record, place()))
      sink("synced")
      sinks.add(sink)
      const { promise, resolve } = Promise.withResolvers<void>()
      signal.addEventListener("abort", () => resolve(), { once: true })
      if (!signal.aborted) await promise
      sinks.delete(sink)
    },
  }
}
