const units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"] as const

/** Bytes for people, in powers of 1024 with at most one digit after the point: `48 MiB`, `1.5 GiB`, `12 B`. */
export function formatBytes(bytes: number): string {
  let value = bytes
  let unit = 0
  while (Math.round(value * 10) / 10 >= 1024 && unit < units.length - 1) {
    value /= 1024
    unit += 1
  }
  return `${Math.round(value * 10) / 10} ${units[unit]}`
}
