import { Agent, request } from "node:http"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { createClient } from "@berth/sdk"
import { startServerProcess } from "../e2e/server-process.ts"
import { machine, percentile, report, round } from "./figures.ts"

/**
 * `submit`: POST of a run over 8 connections, runs too big for the machine so that they stay PENDING, against a
 * bench-only route of the same app that inserts the same row. Holds at ≥ 0.5 of the floor's rate and ≤ 3 × its p99.
 */
const connections = 8
const perRound = Number(process.env.BERTH_BENCH_REQUESTS ?? "800")
const rounds = Number(process.env.BERTH_BENCH_ROUNDS ?? "5")

interface Round {
  readonly perSecond: number
  readonly milliseconds: readonly number[]
}

const server = await startServerProcess({ BERTH_LOG_LEVEL: "error" }, join(import.meta.dirname, "submit-server.ts"))
try {
  const project = await createClient({ endpoint: server.url }).projects.ensure("bench")
  const fn = await project.functions.create({ name: "big", kind: "container", command: ["true"] })
  const first = await fn.run("job", { resources: { mem: { requests: "900Ti" } } })
  const { kind, spec } = first.entity
  const submitUrl = `${server.url}/api/v1/-/bench/runs`
  const floorUrl = `${server.url}/bench/insert/bench/${first.id}`
  const body = JSON.stringify({ kind, spec })
  await post(submitUrl, body, perRound / 4)
  await post(floorUrl, "{}", perRound / 4)
  const submits: Round[] = []
  const floors: Round[] = []
  for (let i = 0; i < rounds; i++) {
    await quiet()
    floors.push(await post(floorUrl, "{}", perRound))
    submits.push(await post(submitUrl, body, perRound))
  }
  const rate = rateOf(submits) / rateOf(floors)
  const p99 = p99Of(submits) / p99Of(floors)
  console.log(machine())
  report({
    benchmark: "submit",
    submits_per_second: Math.round(rateOf(submits)),
    floor_per_second: Math.round(rateOf(floors)),
    ratio: round(rate),
    submit_p99_ms: round(p99Of(submits)),
    floor_p99_ms: round(p99Of(floors)),
    p99_ratio: round(p99),
    holds: rate >= 0.5 && p99 <= 3,
  })
} finally {
  await server.terminate()
  await server.close()
}

/** The work that submitted runs left behind is no part of the floor. */
async function quiet(): Promise<void> {
  for (let depth = 1; depth > 0; ) {
    await sleep(200)
    const text = await (await fetch(`${server.url}/metrics`)).text()
    depth = Number(/^berth_reconcile_queue_depth (\d+)$/m.exec(text)?.[1] ?? Number.NaN)
    if (Number.isNaN(depth)) throw new Error("The metrics do not say how deep the queue is.")
  }
}

function rateOf(all: readonly Round[]): number {
  return percentile(
    all.map(({ perSecond }) => perSecond),
    0.5,
  )
}

function p99Of(all: readonly Round[]): number {
  return percentile(
    all.flatMap(({ milliseconds }) => milliseconds),
    0.99,
  )
}

/** Sends `count` requests over 8 connections, each with its next request as soon as the last is answered. */
async function post(url: string, payload: string, count: number): Promise<Round> {
  const agent = new Agent({ keepAlive: true, maxSockets: connections })
  const milliseconds: number[] = []
  const start = performance.now()
  await Promise.all(
    Array.from({ length: connections }, async () => {
      for (let i = 0; i < count / connections; i++) {
        const sent = performance.now()
        await postOne(url, payload, agent)
        milliseconds.push(performance.now() - sent)
      }
    }),
  )
  const seconds = (performance.now() - start) / 1000
  agent.destroy()
  return { perSecond: milliseconds.length / seconds, milliseconds }
}

function postOne(url: string, payload: string, agent: Agent): Promise<void> {
  return new Promise((resolve, reject) => {
    const headers = { "content-type": "application/json", "content-length": Buffer.byteLength(payload) }
    const sent = request(url, { method: "POST", agent, headers }, (response) => {
      response.resume()
      response.once("end", () =>
        response.statusCode === 200 ? resolve() : reject(new Error(`${url} answered ${response.statusCode}`)),
      )
    })
    sent.once("error", reject)
    sent.end(payload)
  })
}
