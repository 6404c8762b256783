/** `0 s`, `12 s`, `3 m 12 s`, `23 h 56 m`: nobody reads the milliseconds of a wait. */
export function formatWait(milliseconds: number): string {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000))
  return seconds < 60 ? `${seconds} s` : formatMilliseconds(seconds * 1000)
}

/** `41 ms`, `0.6 s`, `3 m 12 s`, `23 h 56 m`. */
export function formatMilliseconds(milliseconds: number): string {
  if (milliseconds < 100) return `${Math.max(0, Math.round(milliseconds))} ms`
  const seconds = milliseconds / 1000
  if (seconds < 60) return `${seconds.toFixed(1)} s`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 60) return `${minutes} m ${Math.floor(seconds % 60)} s`
  return `${Math.floor(minutes / 60)} h ${minutes % 60} m`
}
