import { resolve } from "node:path"
import { BerthError, type JsonObject } from "@berth/spec"
import * as z from "zod"
import { hidePassword, parseDefaults, parseListen, wholeNumber } from "./setting-text.ts"

/** What the server is told by its environment; nothing else in it reads `BERTH_*`. */
export interface Config {
  readonly listen: { readonly host: string; readonly port: number }
  /** Absolute, as all paths here. */
  readonly dataDir: string
  readonly executor: "local" | "kubernetes"
  readonly localEngine: "process" | "container"
  readonly databaseUrl?: string
  /** Without a trailing slash. */
  readonly publicUrl?: string
  readonly tokensFile?: string
  readonly secretKeyFile?: string
  readonly logLevel: "fatal" | "error" | "warn" | "info" | "debug" | "trace" | "silent"
  /** 0: never. */
  readonly idleMinutes: number
  readonly bodyLimitBytes: number
  readonly streamsPerClient: number
  /** The lowest layer of every run's requirements, wire form. */
  readonly defaults: JsonObject
}

const path = z.string().transform((text) => resolve(text))

/** Every setting: its variable, the text that stands for an unset one, and what it is. */
const schema = z.object({
  listen: z.string().transform(parseListen).meta({
    variable: "BERTH_LISTEN",
    fallback: "127.0.0.1:8080",
    description:
      "Address to listen on, `HOST:PORT` (`[::1]:8080`); port 0 takes a free one. Off loopback tokens are needed.",
  }),
  dataDir: path.meta({
    variable: "BERTH_DATA",
    fallback: ".berth",
    description: "Folder of the database, the secret key, volumes and whatever runs on this machine.",
  }),
  executor: z.literal(["local", "kubernetes"]).meta({
    variable: "BERTH_EXECUTOR",
    fallback: "local",
    description: "What runs attempts: `local` or `kubernetes`.",
  }),
  localEngine: z.literal(["process", "container"]).meta({
    variable: "BERTH_LOCAL_ENGINE",
    fallback: "process",
    description:
      "How the local executor runs container functions: `process` (on this host) or `container` (Docker, Podman).",
  }),
  databaseUrl: z
    .url({ protocol: /^postgres(ql)?$/, error: "not a postgres:// address" })
    .exactOptional()
    .meta({
      variable: "BERTH_DATABASE_URL",
      description: "`postgres://…` for PostgreSQL; unset: SQLite, in the data folder.",
    }),
  publicUrl: z
    .url({ protocol: /^https?$/, error: "not an http:// or https:// address" })
    .transform((url) => url.replace(/\/+$/, ""))
    .exactOptional()
    .meta({
      variable: "BERTH_PUBLIC_URL",
      description: "Where clients reach the server; unset: as each request came.",
    }),
  tokensFile: path.exactOptional().meta({
    variable: "BERTH_TOKENS_FILE",
    description:
      "JSON file (mode 0600) of tokens: name, role, projects, hash; unset: open to this machine, on loopback only.",
  }),
  secretKeyFile: path.exactOptional().meta({
    variable: "BERTH_SECRET_KEY_FILE",
    description:
      "File (mode 0600) with the key that encrypts secrets; unset: `secret.key` in the data folder, made at first need.",
  }),
  logLevel: z.literal(["fatal", "error", "warn", "info", "debug", "trace", "silent"]).meta({
    variable: "BERTH_LOG_LEVEL",
    fallback: "info",
    description: "Least level that is logged: `fatal`, `error`, `warn`, `info`, `debug`, `trace` or `silent`.",
  }),
  idleMinutes: wholeNumber(0, 525_600).meta({
    variable: "BERTH_IDLE_MINUTES",
    fallback: "0",
    description: "Minutes without requests and live runs after which the server ends itself; 0: never.",
  }),
  bodyLimitBytes: wholeNumber(1024, 1_073_741_824).meta({
    variable: "BERTH_BODY_LIMIT_BYTES",
    fallback: "4194304",
    description: "Largest request body.",
  }),
  streamsPerClient: wholeNumber(1, 65_536).meta({
    variable: "BERTH_STREAMS_PER_CLIENT",
    fallback: "64",
    description: "Log and event streams that one client may hold at once.",
  }),
  defaults: z.string().transform(parseDefaults).meta({
    variable: "BERTH_DEFAULTS",
    fallback: "{}",
    description:
      "JSON object: requirements of every run, unless its project, function, task or the run says otherwise.",
  }),
})

/** Variables, defaults and descriptions, in the order of docs/settings.md. */
export const settings = Object.entries(schema.shape).map(([member, setting]) => {
  const { variable, fallback, description } = setting.meta() ?? {}
  return {
    member,
    variable: String(variable),
    fallback: typeof fallback === "string" ? fallback : undefined,
    description: String(description),
  }
})

/** @throws BerthError `invalid`, naming every variable whose value can't be used. */
export function readConfig(env: NodeJS.ProcessEnv): Config {
  const texts = settings.map(({ member, variable, fallback }) => [member, env[variable] || fallback] as const)
  const parsed = schema.safeParse(Object.fromEntries(texts.filter(([, text]) => text !== undefined)))
  if (parsed.success) return parsed.data
  const problems = parsed.error.issues.map((issue) => {
    const variable = settings.find((setting) => setting.member === issue.path[0])?.variable ?? ""
    return `  ${variable}=${hidePassword(env[variable] ?? "")}: ${issue.message}`
  })
  throw new BerthError("invalid", `These settings can't be used:\n${problems.join("\n")}`)
}
