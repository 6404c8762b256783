/**
 * How often a suite repeats: `small` in `npm test`, `full` under `npm run soak -- NAME`. The code is the same; the
 * soak finds the files of a suite by the name given here.
 */
export function scaled(name: string, { small, full }: { readonly small: number; readonly full: number }): number {
  return isSoak(name) ? full : small
}

/** Whether the full counts of this suite were asked for. */
export function isSoak(name: string): boolean {
  return process.env.BERTH_SOAK === name
}
