import { BerthError, type Finding } from "@berth/spec"
import { formatFindings } from "./findings.ts"
import { countFixes, numberFixes } from "./fixes.ts"
import { printResult } from "./output.ts"
import { type Planned, withdraw } from "./planned.ts"
import type { Session } from "./session.ts"

/** A run that is refused, with everything there is to say of it. */
export interface Refused {
  readonly planned: Planned
  readonly findings: readonly Finding[]
}

/** `bad.yaml has 4 problems; nothing was created.` */
export function headline(what: string, findings: readonly Finding[]): string {
  const errors = findings.filter(({ severity }) => severity === "error").length
  const count = errors === 0 ? findings.length : errors
  return `${what} has ${count} ${count === 1 ? "problem" : "problems"}; nothing was created.`
}

/** Everything that is wrong on one screen, fixes numbered through; what was made for the runs is taken back. */
export async function printRefusal(
  refused: readonly Refused[],
  { what, command }: { readonly what: string; readonly command: string },
  session: Session,
): Promise<void> {
  await withdraw(
    refused.map(({ planned }) => planned),
    session,
  )
  const issues = refused.flatMap(({ findings }) => findings)
  const message = headline(what, issues)
  await printResult(new BerthError("invalid", message, { issues }).toBody(), session, () => {
    const count = countFixes(issues)
    const numbers = Array.from({ length: count }, (_, index) => index + 1)
    return [
      `${message}\n`,
      ...formatAll(refused, session),
      ...(count === 0 ? [] : [`\nApply the fixes above with: ${command} --fix ${numbers.join(",")}`]),
    ].join("\n")
  })
}

function formatAll(refused: readonly Refused[], { terminal }: Session): readonly string[] {
  let first = 1
  return refused.flatMap(({ planned, findings }) => {
    const numbered = numberFixes(findings, first)
    first += countFixes(findings)
    return findings.length === 0 ? [] : [formatFindings(numbered, terminal, planned.place)]
  })
}
