/** Once per test run: one seed for every process of it, printed so that it can be replayed. */
export function setup(): void {
  process.env.BERTH_SEED ||= String(Math.floor(Math.random() * 2 ** 31))
  console.log(`random tests use BERTH_SEED=${process.env.BERTH_SEED}`)
}
