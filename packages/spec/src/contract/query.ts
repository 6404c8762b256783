import * as z from "zod"
import { kindText } from "./body.ts"

/** What every list understands. Blank values count as absent. */
export interface ListQuery {
  /** From 0; a negative one is read as 0. Default 0. */
  readonly page?: number
  /** 1 to 1000. Default 25. */
  readonly size?: number
  /** `field,asc` or `field,desc`; fields `id`, `name`, `kind`, `created`, `updated`. */
  readonly sort?: readonly string[]
  /** Substring of id or name. */
  readonly q?: string
  readonly name?: string
  readonly kind?: string
  readonly user?: string
  readonly state?: string
  /** ISO interval, `from` or `from,to`, either end may be empty. */
  readonly created?: string
  readonly updated?: string
  /** Only these ids. */
  readonly id?: readonly string[]
}

export interface VersionedListQuery extends ListQuery {
  /** Default `latest`: the newest of each name. */
  readonly versions?: "latest" | "all"
  /** All of them. */
  readonly labels?: readonly string[]
}

export interface TaskListQuery extends ListQuery {
  /** Full reference, `container://p/name:id`. */
  readonly function?: string
}

export interface RunListQuery extends ListQuery {
  /** Full reference of the task. */
  readonly task?: string
  /** With `:<id>` exact, else every version of it. */
  readonly function?: string
  readonly action?: string
}

export interface CascadeQuery {
  readonly cascade?: boolean
}

export interface NamedDeleteQuery extends CascadeQuery {
  /** Every version of this name. */
  readonly name: string
}

/** How much Berth's own clients want refused. */
export interface SubmitQuery {
  /** `keys`: unknown keys are refused; `all`: also warnings and any parity below `enforced`. */
  readonly strict?: "keys" | "all"
}

export interface LogQuery {
  /** Go on until the run has ended. Default true. */
  readonly follow?: boolean
  /** Begin with the last so many lines of what is there. Default: from the beginning. */
  readonly tail?: number
  readonly container?: string
  /** Only this attempt. Default: all of them, one after another. */
  readonly attempt?: number
  /** Only lines seen since, ISO 8601 UTC. */
  readonly since?: string
}

const flag = z.stringbool({ truthy: ["true", "1", "yes"], falsy: ["false", "0", "no"] })

/** One value, several, or several in one with commas: each becomes a member. */
const list = z
  .union([z.string(), z.array(z.string())])
  .transform((value) => (typeof value === "string" ? [value] : value).flatMap((text) => text.split(",")))

const sorts = z
  .union([z.string(), z.array(z.string())])
  .transform((value) => (typeof value === "string" ? [value] : value))

const listMembers = {
  page: z.coerce
    .number()
    .int()
    .max(1_000_000_000)
    .transform((page) => Math.max(0, page))
    .exactOptional(),
  size: z.coerce.number().int().min(1).max(1000).exactOptional(),
  sort: sorts.exactOptional(),
  q: z.string().max(255).exactOptional(),
  name: z.string().max(255).exactOptional(),
  kind: z
    .string()
    .transform((kind) => kind.replaceAll(" ", "+"))
    .pipe(z.union([z.literal("*"), kindText]))
    .exactOptional(),
  user: z.string().max(255).exactOptional(),
  state: z.string().max(255).exactOptional(),
  created: z.string().max(255).exactOptional(),
  updated: z.string().max(255).exactOptional(),
  id: list.exactOptional(),
}

/** Schema of {@link ListQuery}. Unknown members are not read. */
export const listQuery: z.ZodType<ListQuery> = z.object(listMembers)

/** Schema of {@link VersionedListQuery}. */
export const versionedListQuery: z.ZodType<VersionedListQuery> = z.object({
  ...listMembers,
  versions: z.enum(["latest", "all"]).exactOptional(),
  labels: list.exactOptional(),
})

/** Schema of {@link TaskListQuery}. */
export const taskListQuery: z.ZodType<TaskListQuery> = z.object({
  ...listMembers,
  function: z.string().max(1024).exactOptional(),
})

/** Schema of {@link RunListQuery}. */
export const runListQuery: z.ZodType<RunListQuery> = z.object({
  ...listMembers,
  task: z.string().max(1024).exactOptional(),
  function: z.string().max(1024).exactOptional(),
  action: z.string().max(255).exactOptional(),
})

/** Schema of {@link CascadeQuery}. */
export const cascadeQuery: z.ZodType<CascadeQuery> = z.object({ cascade: flag.exactOptional() })

/** Schema of {@link NamedDeleteQuery}. */
export const namedDeleteQuery: z.ZodType<NamedDeleteQuery> = z.object({
  name: z.string().min(1).max(255),
  cascade: flag.exactOptional(),
})

/** Schema of {@link SubmitQuery}. */
export const submitQuery: z.ZodType<SubmitQuery> = z.object({ strict: z.enum(["keys", "all"]).exactOptional() })

/** Schema of {@link LogQuery}. */
export const logQuery: z.ZodType<LogQuery> = z.strictObject({
  follow: flag.exactOptional(),
  tail: z.coerce.number().int().min(0).max(1_000_000).exactOptional(),
  container: z.string().max(255).exactOptional(),
  attempt: z.coerce.number().int().min(1).max(1_000_000).exactOptional(),
  since: z.iso.datetime({ offset: true }).exactOptional(),
})

/** Names of secrets, comma separated or repeated. */
export const secretKeysQuery: z.ZodType<{ readonly keys?: readonly string[] }> = z.object({
  keys: list.exactOptional(),
})

/** For routes that read no query. */
export const noQuery: z.ZodType<Record<never, never>> = z.object({})

/** With whom a project is shared; `*` is everyone. */
export const shareQuery: z.ZodType<{ readonly user: string }> = z.object({ user: z.string().min(1).max(255) })

/** Which share ends. */
export const shareIdQuery: z.ZodType<{ readonly id: string }> = z.object({ id: z.string().min(1).max(255) })

/** Whose log. */
export const logListQuery: z.ZodType<ListQuery & { readonly run: string }> = z.object({
  ...listMembers,
  run: z.string().min(1).max(255),
})

/** Where an event stream goes on when the `Last-Event-ID` header cannot be set. */
export const eventsQuery: z.ZodType<{ readonly after?: number }> = z.strictObject({
  after: z.coerce.number().int().min(0).exactOptional(),
})
