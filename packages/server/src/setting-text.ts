import { isIPv6 } from "node:net"
import { isJsonObject, type JsonObject } from "@berth/spec"
import * as z from "zod"

/** A whole number within bounds, as text. */
export function wholeNumber(least: number, most: number) {
  const allowed = `a whole number from ${least} to ${most} is needed`
  return z
    .string()
    .regex(/^\d{1,15}$/, allowed)
    .transform(Number)
    .refine((value) => value >= least && value <= most, allowed)
}

export function parseListen(text: string, context: z.RefinementCtx): { readonly host: string; readonly port: number } {
  const match = /^(?:\[(?<v6>[^\]]+)\]|(?<name>[^:\s[\]]+)):(?<port>\d{1,5})$/.exec(text)
  const { v6, name = v6 ?? "", port } = match?.groups ?? {}
  if (match !== null && Number(port) <= 65_535 && (v6 === undefined || isIPv6(v6)))
    return { host: name, port: Number(port) }
  context.addIssue("HOST:PORT is needed, as 127.0.0.1:8080 or [::1]:8080")
  return z.NEVER
}

export function parseDefaults(text: string, context: z.RefinementCtx): JsonObject {
  const value = parseJson(text)
  if (isJsonObject(value)) return value
  context.addIssue("a JSON object is needed")
  return z.NEVER
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** An address as it may be shown. */
export function hidePassword(text: string): string {
  return text.replace(/(?<=:\/\/[^:@/]*:)[^@]*(?=@)/, "***")
}
