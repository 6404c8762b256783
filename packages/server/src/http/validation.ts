import { createFinding, didYouMean, type Finding } from "@berth/spec"
import type * as z from "zod"

/** The part of a request a schema reads. */
export type Place = "body" | "query" | "path" | "header"

/** What a schema says of a request, as findings at the place they are in. */
export function toFindings(issues: readonly z.core.$ZodIssue[], place: Place, known: readonly string[]): Finding[] {
  return issues.flatMap((issue) => toFinding(issue, place, known))
}

function toFinding(issue: z.core.$ZodIssue, place: Place, known: readonly string[]): readonly Finding[] {
  const path = issue.path.filter((part) => typeof part !== "symbol")
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => unknownKey(key, [...path, key], path.length === 0 ? known : []))
  }
  const key = path.length === 0 ? undefined : path.join(".")
  const problem = issue.message.replace(/\.$/, "")
  return [
    createFinding(
      "request.invalid",
      { in: place, problem, ...(key !== undefined && { key }) },
      {
        ...(path.length > 0 && { path }),
      },
    ),
  ]
}

/** An unknown member, with what it most likely was meant to be. */
export function unknownKey(key: string, path: readonly (string | number)[], known: readonly string[]): Finding {
  const suggestion = didYouMean(key, known)
  return createFinding("field.unknown", { key, ...(suggestion !== undefined && { suggestion }) }, { path })
}
