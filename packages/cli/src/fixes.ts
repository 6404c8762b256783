import { applyPatch, BerthError, type Finding, formatPath, type JsonObject, type PatchOperation } from "@berth/spec"

/** A finding with the number that `--fix` takes, when it has a fix. */
export interface NumberedFinding {
  readonly finding: Finding
  /** From 1, in the order of the findings. */
  readonly number?: number
}

/** Numbers the fixes of a list of findings, as `--fix 1,2,3` names them. */
export function numberFixes(findings: readonly Finding[], first = 1): NumberedFinding[] {
  let number = first - 1
  return findings.map((finding) => {
    if (finding.fix === undefined) return { finding }
    number += 1
    return { finding, number }
  })
}

/** How many findings have a fix. */
export function countFixes(findings: readonly Finding[]): number {
  return findings.filter(({ fix }) => fix !== undefined).length
}

/** What a fix does, in a few words: `64Gi`, `tolerations`, `remove resources.gpu`. */
export function describeFix(patch: readonly PatchOperation[]): string {
  return patch.map(describeOperation).join(", ")
}

function describeOperation(operation: PatchOperation): string {
  switch (operation.op) {
    case "add":
    case "replace":
      return typeof operation.value === "object" ? JSON.stringify(operation.value) : String(operation.value)
    case "remove":
      return `remove ${pointerText(operation.path)}`
    case "move":
      return pointerText(operation.path)
    case "copy":
      return `copy ${pointerText(operation.from)} to ${pointerText(operation.path)}`
    case "test":
      return `only if ${pointerText(operation.path)} is ${JSON.stringify(operation.value)}`
  }
}

function pointerText(pointer: string): string {
  const parts = pointer
    .split("/")
    .slice(1)
    .map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"))
  return formatPath(parts.map((part) => (/^\d+$/.test(part) ? Number(part) : part)))
}

/** The numbers of `--fix 1,2,3`. @throws BerthError `invalid` for anything else. */
export function parseFixNumbers(text: string): number[] {
  const numbers = text.split(",").map((part) => Number(part.trim()))
  if (numbers.some((number) => !Number.isInteger(number) || number < 1)) {
    throw new BerthError("invalid", `--fix takes numbers like 1,2,3, not ${JSON.stringify(text)}.`)
  }
  return numbers
}

/**
 * Applies chosen fixes to the spec they were made for. Later positions first, so that a removed list entry does not
 * move the ones that other fixes name.
 *
 * @throws BerthError `invalid` when a number has no fix or two fixes exclude each other.
 */
export function applyFixes(
  spec: JsonObject,
  findings: readonly NumberedFinding[],
  numbers: readonly number[],
): JsonObject {
  const byNumber = new Map(findings.map(({ finding, number }) => [number, finding]))
  const chosen = [...new Set(numbers)].map((number) => {
    const finding = byNumber.get(number)
    if (finding?.fix !== undefined) return { number, patch: finding.fix }
    throw new BerthError("invalid", `There is no fix ${number}. Run it without --fix to see the fixes there are.`)
  })
  return chosen.toReversed().reduce((changed, { number, patch }) => {
    try {
      return applyPatch(changed, patch)
    } catch (error) {
      throw new BerthError(
        "invalid",
        `Fix ${number} cannot be applied together with the others. Apply them one by one.`,
        {
          cause: error,
        },
      )
    }
  }, spec)
}
