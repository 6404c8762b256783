import * as z from "zod"
import type { Entity, LogLine, Page, Policy, Profile, ProjectEvent, ResolvedRun, RunEntity } from "../entity.ts"
import type { ErrorBody } from "../error.ts"
import type { Inventory, Verdict } from "../executor.ts"
import type { Finding } from "../finding.ts"
import { runStates } from "../lifecycle.ts"

/** A task on the wire: the envelope without metadata and status. */
export type TaskEntity = Omit<Entity, "metadata" | "status">

/** One container's log so far, in every shape that DigitalHub's clients read. */
export interface LogEntity {
  /** The container's name, as `name`. */
  readonly id: string
  readonly name: string
  readonly kind: "log"
  readonly key: string
  readonly project: string
  readonly user: string
  readonly run: string
  readonly metadata: { readonly project: string; readonly created: string; readonly updated: string }
  readonly spec: { readonly run: string }
  readonly status: { readonly container: string; readonly [member: string]: unknown }
  readonly extensions: { readonly container: string; readonly [member: string]: unknown }
  /** Base64 of UTF-8 text; at most the last 8 MiB, and then its first line says so. */
  readonly content: string
}

/** A project shared with another user. */
export interface ShareEntity {
  readonly id: string
  readonly project: string
  readonly entity: "project"
  readonly entityId: string
  readonly owner: string
  readonly user: string
  /** ISO 8601 UTC. */
  readonly issuedTime: string
}

/** Who is asking, and what they may do. */
export interface AuthResult {
  readonly username: string
  readonly permissions: readonly ("ROLE_USER" | "ROLE_ADMIN")[]
}

/** Whether the server does its work. */
export interface HealthResult {
  readonly status: "UP"
  readonly version: string
}

/** What a request would become and whether it would start: what POST of the same body would answer, without the run. */
export interface PlanResult extends Verdict {
  /** Whether POST of the same body would be accepted. */
  readonly accepted: boolean
  /** What the request became after its layers were merged; its valid part when it is refused. */
  readonly resolved?: ResolvedRun
}

/** Why a run is where it is. */
export interface ExplainResult {
  readonly state: string
  /** Most telling first. */
  readonly findings: readonly Finding[]
}

/** A personal token without its secret. */
export interface TokenEntity {
  readonly id: string
  readonly name: string
  readonly user: string
  readonly role: "admin" | "user"
  readonly projects?: readonly string[]
  readonly created: string
  readonly expires?: string
}

/** A personal token just made: the only time its secret is shown. */
export interface CreatedToken extends TokenEntity {
  readonly token: string
}

/** Names of the stand-ins a project has. */
export interface ObjectsResult {
  readonly objects: readonly { readonly kind: string; readonly name: string }[]
}

/** The last event of a log stream. */
export interface LogEnd {
  readonly state: string
}

const text = z.string()
const time = z.string().meta({ description: "ISO 8601 UTC" })
const loose = z.record(z.string(), z.any())

/** Schema of {@link Finding}. */
export const findingResult = z
  .looseObject({
    code: text,
    severity: z.enum(["error", "warning", "notice"]),
    class: z.enum(["user", "policy", "resources", "infrastructure", "transient"]),
    path: z.array(z.union([text, z.number()])).exactOptional(),
    data: z.any(),
    message: text,
    hint: text.exactOptional(),
    evidence: z.array(text).exactOptional(),
    fix: z.array(loose).exactOptional(),
  })
  .meta({ id: "Finding" }) as unknown as z.ZodType<Finding>

/** Schema of {@link ErrorBody}. */
export const errorResult = z
  .object({
    status: z.number().int(),
    message: text,
    code: text.exactOptional(),
    issues: z.array(findingResult).exactOptional(),
    request_id: text.exactOptional(),
  })
  .meta({ id: "Error" }) as unknown as z.ZodType<ErrorBody>

const metadata = z.looseObject({ project: text, name: text, created: time, updated: time })

const envelope = {
  id: text,
  project: text,
  name: text,
  kind: text,
  key: text,
  user: text,
  spec: loose,
  extensions: z.array(loose).exactOptional(),
}

/** Schema of {@link Entity}. */
export const entityResult: z.ZodType<Entity> = z
  .object({ ...envelope, metadata, status: z.looseObject({ state: text }) })
  .meta({ id: "Entity" })

/** Schema of {@link TaskEntity}. */
export const taskResult: z.ZodType<TaskEntity> = z.object(envelope).meta({ id: "Task" })

const provenance = z.record(z.string(), z.object({ layer: text, path: z.array(z.union([text, z.number()])) }))

const parity = z.array(
  z.object({ path: text, level: z.enum(["enforced", "approximated", "ignored"]), how: text }).meta({ id: "Parity" }),
)

/** Schema of {@link ResolvedRun}. */
export const resolvedResult = z
  .object({ requirements: loose, provenance, parity: parity.exactOptional() })
  .meta({ id: "ResolvedRun" }) as unknown as z.ZodType<ResolvedRun>

const attempt = z.looseObject({
  number: z.number().int(),
  phase: z.enum(["waiting", "running", "ended"]),
  startedAt: time.exactOptional(),
  finishedAt: time.exactOptional(),
  exitCode: z.number().int().exactOptional(),
  findings: z.array(findingResult).exactOptional(),
})

const runStatus = z.looseObject({
  state: z.enum(runStates),
  message: text.exactOptional(),
  transitions: z.array(z.object({ status: z.enum(runStates), message: text.exactOptional(), time })).exactOptional(),
  findings: z.array(findingResult).exactOptional(),
  reason: text.exactOptional(),
  resolved: resolvedResult.exactOptional(),
  attempts: z.array(attempt).exactOptional(),
  results: loose.exactOptional(),
  outputs: loose.exactOptional(),
})

/** Schema of {@link RunEntity}. */
export const runResult = z
  .object({ ...envelope, metadata, status: runStatus })
  .meta({ id: "Run" }) as unknown as z.ZodType<RunEntity>

/** Schema of a {@link Page} of something. */
export function pageOf<Item>(item: z.ZodType<Item>): z.ZodType<Page<Item>> {
  return z.looseObject({
    content: z.array(item),
    totalElements: z.number().int(),
    totalPages: z.number().int(),
    number: z.number().int(),
    size: z.number().int(),
    numberOfElements: z.number().int(),
    first: z.boolean(),
    last: z.boolean(),
    empty: z.boolean(),
  })
}

/** Schema of {@link LogEntity}. */
export const logResult: z.ZodType<LogEntity> = z
  .object({
    id: text,
    name: text,
    kind: z.literal("log"),
    key: text,
    project: text,
    user: text,
    run: text,
    metadata: z.object({ project: text, created: time, updated: time }),
    spec: z.object({ run: text }),
    status: z.looseObject({ container: text }),
    extensions: z.looseObject({ container: text }),
    content: text,
  })
  .meta({ id: "Log" })

/** Schema of {@link ShareEntity}. */
export const shareResult: z.ZodType<ShareEntity> = z.object({
  id: text,
  project: text,
  entity: z.literal("project"),
  entityId: text,
  owner: text,
  user: text,
  issuedTime: time,
})

/** Schema of {@link AuthResult}. */
export const authResult: z.ZodType<AuthResult> = z.object({
  username: text,
  permissions: z.array(z.enum(["ROLE_USER", "ROLE_ADMIN"])),
})

/** Schema of {@link HealthResult}. */
export const healthResult: z.ZodType<HealthResult> = z.object({ status: z.literal("UP"), version: text })

/** Schema of {@link PlanResult}. */
export const planResult = z
  .object({
    accepted: z.boolean(),
    verdict: z.enum(["now", "waits", "after_scale_up", "never", "unknown"]),
    findings: z.array(findingResult),
    fixes: z.array(z.object({ title: text, patch: z.array(loose), effect: text.exactOptional() })),
    parity,
    resolved: resolvedResult.exactOptional(),
  })
  .meta({ id: "Plan" }) as unknown as z.ZodType<PlanResult>

/** Schema of {@link ExplainResult}. */
export const explainResult: z.ZodType<ExplainResult> = z.object({ state: text, findings: z.array(findingResult) })

const labels = z.record(z.string(), z.string())

/** Schema of {@link Inventory}. */
export const inventoryResult: z.ZodType<Inventory> = z
  .object({
    nodes: z.array(
      z.object({
        name: text,
        labels,
        taints: z.array(z.object({ key: text, value: text.exactOptional(), effect: text })),
        allocatable: labels,
        requested: labels,
      }),
    ),
    claims: z.array(text),
    configMaps: z.array(text),
    secrets: z.array(text),
    gpuTypes: z.array(text),
    capabilities: parity,
  })
  .meta({ id: "Inventory" })

const token = {
  id: text,
  name: text,
  user: text,
  role: z.enum(["admin", "user"]),
  projects: z.array(text).exactOptional(),
  created: time,
  expires: time.exactOptional(),
}

/** Schema of {@link TokenEntity}. */
export const tokenResult: z.ZodType<TokenEntity> = z.object(token)

/** Schema of {@link CreatedToken}. */
export const createdTokenResult: z.ZodType<CreatedToken> = z.object({ ...token, token: text })

/** Schema of {@link ObjectsResult}. */
export const objectsResult: z.ZodType<ObjectsResult> = z.object({
  objects: z.array(z.object({ kind: text, name: text })),
})

/** Schema of {@link ProjectEvent}. */
export const projectEventResult: z.ZodType<ProjectEvent> = z.discriminatedUnion("type", [
  z.object({ type: z.literal("run"), seq: z.number().int(), run: runResult }),
  z.object({ type: z.literal("deleted"), seq: z.number().int(), run: text }),
  z.object({ type: z.literal("reset"), seq: z.number().int() }),
])

/** Schema of {@link LogLine}. */
export const logLineResult: z.ZodType<LogLine> = z
  .object({ attempt: z.number().int(), container: text, time, text, gap: text.exactOptional() })
  .meta({ id: "LogLine" })

/** Schema of one event of a log stream: `line` events, then one `end` event. */
export const logEventResult: z.ZodType<LogLine | LogEnd> = z.union([logLineResult, z.object({ state: text })])

/** Schema of a {@link Profile} as answered. */
export const profileResult: z.ZodType<Profile> = z.object({
  name: text,
  description: text.exactOptional(),
  requirements: loose,
  modes: z.record(z.string(), z.enum(["default", "override", "append"])).exactOptional(),
})

/** Schema of a {@link Policy} as answered. */
export const policyResult: z.ZodType<Policy> = z.record(
  z.string(),
  z.union([z.enum(["allow", "deny"]), z.object({ allow: z.array(text) })]),
)

/** The answer of a deletion: an empty body. */
export const noResult: z.ZodType<void> = z.void()

/** Schema of a list of shares. */
export const sharesResult: z.ZodType<readonly ShareEntity[]> = z.array(shareResult)

/** Schema of a list of tasks. */
export const tasksResult: z.ZodType<readonly TaskEntity[]> = z.array(taskResult)

/** Schema of a list of runs. */
export const runsResult: z.ZodType<readonly RunEntity[]> = z.array(runResult)

/** Schema of the logs of a run. */
export const logsResult: z.ZodType<readonly LogEntity[]> = z.array(logResult)

/** Schema of a list of profiles. */
export const profilesResult: z.ZodType<readonly Profile[]> = z.array(profileResult)

/** Schema of a list of tokens. */
export const tokensResult: z.ZodType<readonly TokenEntity[]> = z.array(tokenResult)

/** How many values were encrypted anew. */
export const rotatedResult: z.ZodType<{ readonly rotated: number }> = z.object({ rotated: z.number().int() })

/** What is to be said of values that were stored; nothing at all when there is nothing to say. */
export interface SecretWriteResult {
  readonly findings: readonly Finding[]
}

/** Schema of {@link SecretWriteResult}. */
export const secretWriteResult: z.ZodType<SecretWriteResult | undefined> = z
  .object({ findings: z.array(findingResult) })
  .optional()

/** DigitalHub's flat map of settings for clients. */
export const configurationResult: z.ZodType<Record<string, string | string[]>> = z.record(
  z.string(),
  z.union([z.string(), z.array(z.string())]),
)

/** Plain text. */
export const textResult: z.ZodType<string> = z.string()
