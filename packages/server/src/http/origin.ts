import type { IncomingHttpHeaders } from "node:http"
import { BerthError } from "@berth/spec"
import { isLoopback } from "./tokens-file.ts"

/** What a browser page of somebody else could have sent is told apart by these headers. */
export interface OriginRules {
  /** Host names that requests may name; undefined: any (tokens protect the server). */
  readonly hosts: ReadonlySet<string> | undefined
  /** Origin of the public URL. */
  readonly publicOrigin: string | undefined
}

/** A server without tokens answers only to the names of this machine, or DNS rebinding would open it to any page. */
export function createOriginRules(options: {
  readonly host: string
  readonly publicUrl?: string | undefined
  readonly open: boolean
}): OriginRules {
  const publicUrl = options.publicUrl === undefined ? undefined : new URL(options.publicUrl)
  const names = [options.host, ...(publicUrl === undefined ? [] : [publicUrl.hostname])]
  return { hosts: options.open ? new Set(names) : undefined, publicOrigin: publicUrl?.origin }
}

/** @throws BerthError `forbidden` for a foreign Host or Origin */
export function checkOrigin(headers: IncomingHttpHeaders, rules: OriginRules): void {
  const host = headers.host ?? ""
  const name = hostName(host)
  if (rules.hosts !== undefined && !isLoopback(name) && !rules.hosts.has(name)) {
    throw new BerthError("forbidden", `This server does not answer to the host ${JSON.stringify(host)}.`)
  }
  const { origin } = headers
  if (origin === undefined || origin === rules.publicOrigin || originHost(origin) === host) return
  throw new BerthError("forbidden", `Requests of pages of ${JSON.stringify(origin)} are refused.`)
}

/** A page can send a form, but neither JSON nor a header of its own without being asked first. */
export function checkForgery(method: string, headers: IncomingHttpHeaders): void {
  if (method === "GET" || method === "HEAD") return
  const type = headers["content-type"] ?? ""
  if (/^application\/(json|x-yaml|yaml)\b/i.test(type)) return
  if (customHeaders.some((name) => headers[name] !== undefined)) return
  throw new BerthError(
    "forbidden",
    "A request that changes something needs a JSON body, or a header that a page's form cannot send: X-Berth-Client.",
  )
}

const customHeaders = ["x-berth-client", "x-requested-with", "authorization"]

function hostName(host: string): string {
  const bracketed = /^\[[^\]]*\]/.exec(host)
  return bracketed === null ? (host.split(":")[0] ?? "") : bracketed[0]
}

function originHost(origin: string): string | undefined {
  return /^https?:\/\/([^/]+)$/.exec(origin)?.[1]
}
