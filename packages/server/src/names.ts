import { createHash } from "node:crypto"

/**
 * The name of one attempt everywhere outside the database: `r-<slug of the run's id>-<hash>-a<number>`.
 *
 * Deterministic, a DNS label, at most 52 characters, so that a Job of this name may still grow a Pod's suffix. The
 * hash is over project and run, because ids are unique in a project only and may not survive the slug.
 */
export function attemptUid(project: string, run: string, number: number): string {
  const hash = createHash("sha256").update(`${project}/${run}`).digest("hex").slice(0, 20)
  const slug = toSlug(run, 20)
  return ["r", ...(slug === "" ? [] : [slug]), hash, `a${number}`].join("-")
}

function toSlug(text: string, length: number): string {
  return text
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .replace(/^-+/, "")
    .slice(0, length)
    .replace(/-+$/, "")
}
