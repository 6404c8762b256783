import { spawn } from "node:child_process"
import { createClient } from "@berth/sdk"
import { startServerProcess } from "../e2e/server-process.ts"
import { machine, percentile, report, round, timed } from "./figures.ts"

/**
 * `local-latency`: from submitting a run of `true` to its end as the SDK sees it, minus a bare spawn of `true`, in
 * turn. Holds at a median of at most 40 ms.
 */
const pairs = Number(process.env.BERTH_BENCH_PAIRS ?? "40")

function bareSpawn(): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn("true", { stdio: "ignore" })
    child.once("error", reject)
    child.once("exit", () => resolve())
  })
}

const server = await startServerProcess({ BERTH_LOG_LEVEL: "error" })
try {
  const project = await createClient({ endpoint: server.url }).projects.ensure("bench")
  const fn = await project.functions.create({ name: "nothing", kind: "container", command: ["true"] })
  const run = async () => {
    const ended = await (await fn.run("job")).wait({ timeoutMs: 30_000 })
    if (ended.state !== "COMPLETED") throw new Error(`The run ended as ${ended.state}.`)
  }
  await run()
  const floors: number[] = []
  const runs: number[] = []
  for (let i = 0; i < pairs; i++) {
    floors.push(await timed(bareSpawn))
    runs.push(await timed(run))
  }
  const over = runs.map((milliseconds, i) => milliseconds - (floors[i] ?? 0))
  console.log(machine())
  report({
    benchmark: "local-latency",
    run_p50_ms: round(percentile(runs, 0.5)),
    floor_p50_ms: round(percentile(floors, 0.5)),
    over_floor_p50_ms: round(percentile(over, 0.5)),
    over_floor_p99_ms: round(percentile(over, 0.99)),
    ratio: round(percentile(runs, 0.5) / percentile(floors, 0.5)),
    holds: percentile(over, 0.5) <= 40,
  })
} finally {
  await server.terminate()
  await server.close()
}
