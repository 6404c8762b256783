import { BerthError, type EnvelopeBody, type Finding, normalise, type SubmitQuery } from "@berth/spec"
import { unknownKey } from "./validation.ts"

const envelopeMembers = ["id", "key", "user", "project", "name", "kind", "metadata", "spec", "status", "extensions"]

/** The envelope of Berth's own clients holds nothing unknown; other clients send extra members, and are known to. */
export function checkEnvelope(body: EnvelopeBody, strict: SubmitQuery["strict"]): readonly Finding[] {
  if (strict === undefined) return []
  return Object.keys(body)
    .filter((key) => !envelopeMembers.includes(key))
    .map((key) => unknownKey(key, [key], envelopeMembers))
}

/**
 * What a strict client's function or task is refused for before it is stored; of other clients it is stored as it is
 * and read when a run is built.
 *
 * @throws BerthError `invalid` with every problem at its path
 */
export function checkStrictSpec(
  body: EnvelopeBody,
  strict: SubmitQuery["strict"],
  knownMembers: readonly string[],
): void {
  if (strict === undefined) return
  const read = normalise(body.spec ?? {}, { unknownKeys: "error", knownMembers })
  const issues = [...checkEnvelope(body, strict), ...read.findings].filter(
    ({ severity }) => severity === "error" || (severity === "warning" && strict === "all"),
  )
  const [first] = issues
  if (first !== undefined) throw new BerthError("invalid", first.message, { issues })
}
