import * as z from "zod"
import type { Policy, Profile } from "../entity.ts"
import type { JsonObject } from "../json.ts"

/** What every body of an entity may hold. Members that the server sets itself are accepted and ignored. */
export interface EnvelopeBody {
  /** Generated when absent. */
  readonly id?: string
  /** Default: the id. */
  readonly name?: string
  readonly metadata?: MetadataBody
  readonly spec?: JsonObject
  readonly status?: JsonObject
  readonly extensions?: JsonObject[]
  readonly [member: string]: unknown
}

/** What clients send to create an entity. */
export interface EntityBody extends EnvelopeBody {
  /** Must equal the project of the path when given. */
  readonly project?: string
  /** `container`, `container+job`, `container+job:run` … */
  readonly kind: string
}

/** The members of `metadata` that the server reads; others are kept. */
export interface MetadataBody {
  readonly name?: string
  readonly description?: string
  readonly labels?: string[]
  readonly [member: string]: unknown
}

/** A project may come as `{ "name": "p" }` alone. */
export interface ProjectBody extends EnvelopeBody {
  readonly kind?: string
}

/** A change of an entity: id, kind, project and name stay what they were. */
export interface EntityChange extends EnvelopeBody {
  readonly project?: string
  readonly kind?: string
}

/** Stand-ins for cluster objects: ordinary Kubernetes manifests. */
export interface ObjectsBody {
  readonly objects: readonly JsonObject[]
}

/** A personal token to be made. */
export interface TokenBody {
  readonly name: string
  /** Default: every project of the user. */
  readonly projects?: readonly string[]
  /** ISO 8601 UTC. Default: never. */
  readonly expires?: string
}

/** Names and ids: a path segment of its own, never `.` or `..`. */
export const nameText = z
  .string()
  .max(255)
  .regex(/^(?!\.{1,2}$)[a-zA-Z0-9._+-]+$/, "letters, digits, '.', '_', '+' and '-' only")

/** A kind: `container`, `container+job`, `container+job:run`. */
export const kindText = z
  .string()
  .max(255)
  .regex(/^[a-zA-Z0-9._+:-]+$/, "letters, digits, '.', '_', '+', ':' and '-' only")

/** A project's name is its id, and part of a namespace's name. */
export const projectText = z
  .string()
  .min(2)
  .max(38)
  .regex(/^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/, "lower-case letters, digits and '-', not at the ends")

/** Any JSON object, kept as sent. */
export const jsonObject: z.ZodType<JsonObject> = z.record(z.string(), z.any())

const metadataBody = z.looseObject({
  name: z.string().max(255).exactOptional(),
  description: z.string().max(65_536).exactOptional(),
  labels: z.array(z.string().max(255)).max(1000).exactOptional(),
})

const envelope = {
  id: nameText.exactOptional(),
  name: nameText.exactOptional(),
  metadata: metadataBody.exactOptional(),
  spec: jsonObject.exactOptional(),
  status: jsonObject.exactOptional(),
  extensions: z.array(jsonObject).exactOptional(),
}

/** Schema of {@link EntityBody}. */
export const entityBody: z.ZodType<EntityBody> = z
  .looseObject({ ...envelope, project: projectText.exactOptional(), kind: kindText })
  .meta({ id: "EntityBody" })

/** Schema of {@link EntityChange}. */
export const entityChange: z.ZodType<EntityChange> = z
  .looseObject({ ...envelope, project: projectText.exactOptional(), kind: kindText.exactOptional() })
  .meta({ id: "EntityChange" })

/** Schema of {@link ProjectBody}. */
export const projectBody: z.ZodType<ProjectBody> = z
  .looseObject({
    ...envelope,
    id: projectText.exactOptional(),
    name: projectText.exactOptional(),
    kind: kindText.exactOptional(),
  })
  .meta({ id: "ProjectBody" })

/** Schema of {@link ObjectsBody}. */
export const objectsBody: z.ZodType<ObjectsBody> = z
  .strictObject({ objects: z.array(jsonObject).max(1000) })
  .meta({ id: "ObjectsBody" })

/** Schema of {@link TokenBody}. */
export const tokenBody: z.ZodType<TokenBody> = z
  .strictObject({
    name: nameText,
    projects: z.array(projectText).max(1000).exactOptional(),
    expires: z.iso.datetime().exactOptional(),
  })
  .meta({ id: "TokenBody" })

/** Schema of {@link Profile}; the path's name and the body's must agree. */
export const profileBody: z.ZodType<Profile> = z
  .strictObject({
    name: z
      .string()
      .max(63)
      .regex(/^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/, "a DNS label: lower-case letters, digits and '-'"),
    description: z.string().max(4096).exactOptional(),
    requirements: jsonObject,
    modes: z.record(z.string(), z.enum(["default", "override", "append"])).exactOptional(),
  })
  .meta({ id: "Profile" })

/** Schema of {@link Policy}. */
export const policyBody: z.ZodType<Policy> = z
  .record(
    z.string(),
    z.union([z.enum(["allow", "deny"]), z.strictObject({ allow: z.array(z.string().max(1024)).max(1000) })], {
      error: "expected allow, deny, or a map of allow and the names that are allowed",
    }),
  )
  .meta({ id: "Policy" })

/** Names of secrets and their values. */
export const secretValuesBody: z.ZodType<Record<string, string>> = z
  .record(nameText, z.string().max(1_048_576))
  .refine((values) => Object.keys(values).length <= 1000, "at most 1,000 secrets at once")
  .meta({ id: "SecretValues" })

/** For routes without a body: whatever is sent is not read. */
export const noBody: z.ZodType<undefined> = z.undefined()

/** For routes whose body may be there and says nothing. */
export const anyBody: z.ZodType<unknown> = z.unknown()
