import { configureGlobal } from "fast-check"

/**
 * The seed of every random test of this run: `BERTH_SEED` when set, else a new one, which the test command prints.
 * `BERTH_SEED=<seed> npm test` replays the same cases.
 */
export const seed = readSeed(process.env.BERTH_SEED)

function readSeed(text: string | undefined): number {
  if (text === undefined || text === "") return Math.floor(Math.random() * 2 ** 31)
  const value = Number(text)
  if (!Number.isInteger(value)) throw new Error(`BERTH_SEED=${text} is no whole number.`)
  return value
}

/** Numbers from 0 (inclusive) to 1 (exclusive) that depend on the seed and `stream` alone; one stream per purpose. */
export function createRandom(stream = ""): () => number {
  let state = seed >>> 0
  for (const character of stream) state = Math.imul(state ^ (character.codePointAt(0) ?? 0), 0x01000193) >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

configureGlobal({ seed })
