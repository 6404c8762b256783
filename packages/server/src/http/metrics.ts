import { monitorEventLoopDelay } from "node:perf_hooks"
import { runStates } from "@berth/spec"
import type { FastifyInstance } from "fastify"
import { Gauge, Histogram, Registry } from "prom-client"
import type { AppDeps } from "./deps.ts"

/** Figures for Prometheus. */
export interface Metrics {
  readonly contentType: string
  print(): Promise<string>
  /** Counts the requests of an app from here on. */
  attach(app: FastifyInstance): void
}

/** Read when asked; nothing here costs anything between two readings but the request histogram. */
export function createMetrics(deps: AppDeps): Metrics {
  const registry = new Registry()
  const registers = [registry]
  const durations = new Histogram({
    name: "berth_http_request_duration_seconds",
    help: "Time from a request's arrival to the end of its answer; streams are left out.",
    labelNames: ["method", "route", "status"],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10],
    registers,
  })
  addRuns(deps, registers)
  addProcess(deps, registers)
  return {
    contentType: registry.contentType,
    print: () => registry.metrics(),
    attach(app) {
      app.addHook("onResponse", async (request, reply) => {
        const route = request.routeOptions.url ?? "none"
        durations.observe({ method: request.method, route, status: reply.statusCode }, reply.elapsedTime / 1000)
      })
    },
  }
}

function addRuns(deps: AppDeps, registers: Registry[]): void {
  new Gauge({
    name: "berth_runs",
    help: "Runs kept, by state.",
    labelNames: ["state"],
    registers,
    async collect() {
      const counts = await deps.store.runs.countByState()
      for (const state of runStates) this.set({ state }, counts[state] ?? 0)
    },
  })
  new Gauge({
    name: "berth_reconcile_queue_depth",
    help: "Runs waiting to be decided.",
    registers,
    collect() {
      this.set(deps.queueDepth())
    },
  })
}

function addProcess(deps: AppDeps, registers: Registry[]): void {
  const delay = monitorEventLoopDelay({ resolution: 20 })
  delay.enable()
  new Gauge({
    name: "berth_event_loop_lag_seconds",
    help: "99th percentile of the event loop's delay since the last reading.",
    registers,
    collect() {
      const lag = delay.percentile(99) / 1e9
      this.set(Number.isFinite(lag) ? lag : 0)
      delay.reset()
    },
  })
  new Gauge({
    name: "berth_process_resident_memory_bytes",
    help: "Memory of the server's process.",
    registers,
    collect() {
      this.set(process.memoryUsage.rss())
    },
  })
  new Gauge({
    name: "berth_info",
    help: "The server's version.",
    labelNames: ["version"],
    registers,
  }).set({ version: deps.version }, 1)
}
