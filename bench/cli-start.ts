import { spawn } from "node:child_process"
import { bundleCli } from "../scripts/bundle.ts"
import { machine, percentile, report, round, timed } from "./figures.ts"

/**
 * `cli-start`: `berth --help`, bundled, against the floor of `node -e 0`, in turn.
 * Holds when the median is at most 3 × the floor's.
 */
const pairs = Number(process.env.BERTH_BENCH_PAIRS ?? "30")

function run(args: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { stdio: "ignore" })
    child.once("error", reject)
    child.once("exit", (code) =>
      code === 0 ? resolve() : reject(new Error(`node ${args.join(" ")} ended with ${code}`)),
    )
  })
}

const entry = await bundleCli()
const help = [entry, "--help"]
const bare = ["-e", "0"]
await run(help)
await run(bare)
const helps: number[] = []
const floors: number[] = []
for (let i = 0; i < pairs; i++) {
  floors.push(await timed(() => run(bare)))
  helps.push(await timed(() => run(help)))
}
const ratio = percentile(helps, 0.5) / percentile(floors, 0.5)
console.log(machine())
report({
  benchmark: "cli-start",
  help_p50_ms: round(percentile(helps, 0.5)),
  floor_p50_ms: round(percentile(floors, 0.5)),
  ratio: round(ratio),
  holds: ratio <= 3,
})
