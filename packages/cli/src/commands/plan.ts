import type { SelfCommand } from "../embedded.ts"
import { exitCode } from "../exit-code.ts"
import { formatFindings, orderFindings } from "../findings.ts"
import { numberFixes } from "../fixes.ts"
import { printResult } from "../output.ts"
import { planDocument, withdraw } from "../planned.ts"
import { formatResolved } from "../resolved-table.ts"
import { type GlobalOptions, openSession } from "../session.ts"
import { planRun } from "../submit.ts"
import { readFunctions, withFileProject } from "./run.ts"

const words = {
  now: "would start now",
  waits: "would wait before it starts",
  after_scale_up: "would start once a node was added",
  never: "would never start as it is",
  unknown: "cannot be said",
} as const

/** `berth plan FILE`: what running it would do, without running it. */
export async function planCommand(
  file: string,
  options: GlobalOptions & { strict?: boolean },
  self: SelfCommand,
): Promise<number> {
  const documents = await readFunctions(file, options)
  if (documents === "refused") return exitCode.usage
  const session = await openSession(withFileProject(options, documents), self)
  await session.client.projects.ensure(session.project)
  let accepted = true
  for (const document of documents) {
    const planned = await planDocument(document, {}, session)
    const { request, title, place } = planned
    const plan = await planRun(session.client, request, options.strict === true ? "all" : "keys")
    await withdraw([planned], session)
    accepted &&= plan.accepted
    await printResult(plan, session, () => {
      const { terminal } = session
      const resolved =
        plan.resolved === undefined ? [] : [formatResolved({ ...plan.resolved, parity: plan.parity }, terminal), ""]
      const fixes = plan.fixes.map(
        ({ title: what, effect }, i) => `  would help ${i + 1}  ${what}${effect === undefined ? "" : `  ${effect}`}`,
      )
      return [
        `${terminal.paint("bold", title)}: ${plan.accepted ? words[plan.verdict] : "would be refused"}.`,
        "",
        ...resolved,
        ...(plan.findings.length === 0
          ? []
          : [formatFindings(numberFixes(orderFindings(plan.findings, place)), terminal, place), ""]),
        ...fixes,
      ].join("\n")
    })
  }
  return accepted ? 0 : exitCode.usage
}
