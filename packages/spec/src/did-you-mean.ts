const maxLength = 64

/** The candidate that a mistyped word most likely stands for; undefined when none is near. Case, `_` and `-` don't count. */
export function didYouMean(word: string, candidates: readonly string[]): string | undefined {
  if (word.length > maxLength) return undefined
  const typed = plain(word)
  let best: { candidate: string; distance: number } | undefined
  for (const candidate of candidates) {
    const meant = plain(candidate)
    const distance = editDistance(typed, meant)
    if (isNear(typed, meant, distance) && (best === undefined || distance < best.distance)) {
      best = { candidate, distance }
    }
  }
  return best?.candidate
}

function plain(word: string): string {
  return word.toLowerCase().replaceAll(/[-_\s]/g, "")
}

/** A few slips of the fingers, or a long common start (`tolerence`, `tolerations`), or a part of the word. */
function isNear(typed: string, meant: string, distance: number): boolean {
  if (distance <= Math.floor((Math.max(typed.length, meant.length) - 1) / 3)) return true
  if (typed.length >= 4 && meant.includes(typed)) return true
  if (meant.length >= 4 && typed.includes(meant)) return true
  let prefix = 0
  while (prefix < typed.length && typed[prefix] === meant[prefix]) prefix += 1
  return prefix >= Math.max(4, typed.length / 2)
}

/** Insertions, deletions, replacements and swaps of neighbours that turn `a` into `b`. */
function editDistance(a: string, b: string): number {
  let before: number[] = []
  let above = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i]
    for (let j = 1; j <= b.length; j += 1) {
      const same = a[i - 1] === b[j - 1]
      const step = Math.min((above[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (above[j - 1] ?? 0) + (same ? 0 : 1))
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
      row.push(swapped ? Math.min(step, (before[j - 2] ?? 0) + 1) : step)
    }
    before = above
    above = row
  }
  return above[b.length] ?? 0
}
