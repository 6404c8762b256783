import { timingSafeEqual } from "node:crypto"
import { BerthError } from "@berth/spec"
import type { Store, TokenRow } from "../store/store.ts"
import { type FileToken, hashToken } from "./tokens-file.ts"

/** Who is asking. */
export interface Principal {
  /** `anonymous` on a server without tokens. */
  readonly name: string
  readonly role: "admin" | "user"
  /** Projects it reaches beside those shared with it; `all` for every one. */
  readonly projects: readonly string[] | "all"
  /** Of a personal token that was made for these projects: nothing else, shared or not. */
  readonly only?: readonly string[]
  /** When the personal token ends, ISO 8601 UTC; absent: never. */
  readonly expires?: string
}

/** Finds out who is asking from an Authorization header. */
export type Authenticate = (authorization: string | undefined) => Promise<Principal>

const anonymous: Principal = { name: "anonymous", role: "admin", projects: "all" }

/**
 * Bearer tokens of the tokens file and personal tokens of the store; a token may also come as the password of Basic.
 * Without any token in the file everybody is an administrator, whatever the header says.
 */
export function createAuthenticate(options: {
  readonly tokens: readonly FileToken[]
  readonly store: Store
  now(): Date
}): Authenticate {
  if (options.tokens.length === 0) return async () => anonymous
  return async (authorization) => {
    const given = readCredentials(authorization)
    if (given === undefined) {
      throw new BerthError("forbidden", "No credentials. Send a token as Authorization: Bearer, or set BERTH_TOKEN.")
    }
    const principal = await findPrincipal(hashToken(given.token), options)
    if (principal !== undefined && (given.user === undefined || given.user === principal.name)) return principal
    if (given.user !== undefined) throw new BerthError("forbidden", "User and password do not match any token.")
    throw new BerthError("unauthenticated", "The token is unknown or has expired. Ask an administrator for a new one.")
  }
}

interface Credentials {
  readonly token: string
  /** Of Basic credentials. */
  readonly user?: string
}

function readCredentials(authorization: string | undefined): Credentials | undefined {
  const [scheme = "", value = ""] = (authorization ?? "").trim().split(/\s+/, 2)
  if (value === "") return undefined
  if (scheme.toLowerCase() === "bearer") return { token: value }
  if (scheme.toLowerCase() !== "basic") return undefined
  const text = Buffer.from(value, "base64").toString("utf8")
  const colon = text.indexOf(":")
  return colon < 0 ? undefined : { user: text.slice(0, colon), token: text.slice(colon + 1) }
}

async function findPrincipal(
  hash: string,
  { tokens, store, now }: { readonly tokens: readonly FileToken[]; readonly store: Store; now(): Date },
): Promise<Principal | undefined> {
  const fromFile = tokens.filter((token) => isSameHash(token.hash, hash))[0]
  if (fromFile !== undefined) return toPrincipal(fromFile)
  const personal = await store.principals.tokenByHash(hash)
  if (personal === undefined || !isSameHash(personal.hash, hash)) return undefined
  if (personal.expires !== undefined && personal.expires <= now().toISOString()) return undefined
  const owner = tokens.find((token) => token.name === personal.user)
  return owner === undefined ? undefined : toPersonalPrincipal(personal, toPrincipal(owner))
}

/** Looks at every byte, and every token of the file is looked at: the time says nothing about which one was near. */
function isSameHash(left: string, right: string): boolean {
  const [a, b] = [Buffer.from(left, "hex"), Buffer.from(right, "hex")]
  return a.length === b.length && timingSafeEqual(a, b)
}

function toPrincipal(token: FileToken): Principal {
  const all = token.projects === undefined || token.projects.includes("*")
  return { name: token.name, role: token.role, projects: all ? "all" : (token.projects ?? []) }
}

/** Never more than its owner has now. */
function toPersonalPrincipal(personal: TokenRow, owner: Principal): Principal {
  const role = owner.role === "admin" ? personal.role : "user"
  const end = personal.expires === undefined ? {} : { expires: personal.expires }
  if (personal.projects === undefined) return { name: owner.name, role, projects: owner.projects, ...end }
  const { projects } = owner
  const narrowed = projects === "all" ? personal.projects : personal.projects.filter((name) => projects.includes(name))
  return { name: owner.name, role, projects: narrowed, only: personal.projects, ...end }
}

/** @throws BerthError `forbidden` unless the principal is an administrator */
export function checkAdmin(principal: Principal): void {
  if (principal.role === "admin" && principal.projects === "all") return
  throw new BerthError("forbidden", `${principal.name} is no administrator of this server; this needs one.`)
}

/** @throws BerthError `forbidden` when the project is neither the principal's nor shared with it */
export async function checkProject(principal: Principal, project: string, store: Store): Promise<void> {
  if (principal.projects === "all" || principal.projects.includes(project)) return
  const shares = isWithin(principal, project) ? await store.principals.shares(project) : []
  if (shares.some((share) => share.user === "*" || share.user === principal.name)) return
  throw new BerthError("forbidden", `${principal.name} has no access to the project ${project}.`)
}

/** Whether a personal token was made for the project, among others or without any limit. */
export function isWithin({ only }: Principal, project: string): boolean {
  return only === undefined || only.includes(project)
}

/** @throws BerthError `forbidden` where the project was only shared: whom it is shared with cannot give it on or end it */
export function checkOwner(principal: Principal, project: string): void {
  if (principal.projects === "all" || principal.projects.includes(project)) return
  throw new BerthError(
    "forbidden",
    `The project ${project} is shared with ${principal.name}; this is its owners' to do.`,
  )
}
