import { cpus, release, totalmem } from "node:os"

/** The value below which a share (0 to 1) of the samples lie, by nearest rank. */
export function percentile(samples: readonly number[], share: number): number {
  const sorted = samples.toSorted((a, b) => a - b)
  const index = Math.min(sorted.length - 1, Math.max(0, Math.ceil(share * sorted.length) - 1))
  return sorted[index] ?? Number.NaN
}

/** Two decimals are all that a shared machine can say. */
export function round(value: number): number {
  return Math.round(value * 100) / 100
}

/** Milliseconds that a promise takes. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now()
  await work()
  return performance.now() - start
}

/** One line that says where the figures come from. */
export function machine(): string {
  const model = cpus()[0]?.model.trim() ?? "unknown cpu"
  return `${cpus().length} × ${model}, ${Math.round(totalmem() / 2 ** 30)} GiB, Linux ${release()}, Node ${process.versions.node}`
}

/** Prints the last line of every benchmark: one line of JSON. */
export function report(figures: Readonly<Record<string, number | string | boolean>>): void {
  console.log(JSON.stringify(figures))
}
