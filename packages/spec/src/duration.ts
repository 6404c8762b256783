const unitMilliseconds = { d: 86_400_000, h: 3_600_000, m: 60_000, s: 1000, ms: 1 } as const

type Unit = keyof typeof unitMilliseconds

const units = Object.keys(unitMilliseconds) as Unit[]

const grammar = /^(?=.)(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m(?!s))?(?:(\d+)s)?(?:(\d+)ms)?$/

/** How long an attempt may wait to start when nobody says otherwise (`timeouts.queued`). */
export const defaultQueuedTimeout = "24h"

/** A hundred years: longer than anything anybody waits for, and safe to add to a time. */
const maxMilliseconds = 36_500 * unitMilliseconds.d

/**
 * Milliseconds of `"90s"`, `"1h30m"`, `"7d"`; undefined for what is no duration. Units: ms, s, m, h, d, largest first,
 * whole numbers. Longer than a hundred years is none.
 */
export function parseDuration(text: string): number | undefined {
  const match = text.length > 64 ? null : grammar.exec(text)
  if (match === null) return undefined
  const total = units.reduce((sum, unit, index) => sum + Number(match[index + 1] ?? 0) * unitMilliseconds[unit], 0)
  return total <= maxMilliseconds ? total : undefined
}

/** `"1h 30m"`: at most two neighbouring units, rounded down, for people. Below a second: `"41ms"`. */
export function formatDuration(milliseconds: number): string {
  const rest = Math.trunc(Math.abs(milliseconds))
  const first = units.findIndex((unit) => rest >= unitMilliseconds[unit])
  if (first < 0) return "0s"
  const parts = units.slice(first, first + 2).map((unit, index) => {
    const count = Math.floor(
      (index === 0 ? rest : rest % unitMilliseconds[units[first] as Unit]) / unitMilliseconds[unit],
    )
    return count === 0 ? "" : `${count}${unit}`
  })
  return `${milliseconds < 0 ? "-" : ""}${parts.filter((part) => part !== "").join(" ")}`
}
