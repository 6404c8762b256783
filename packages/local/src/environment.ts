import { type Attempt, secretVariables } from "@berth/spec"
import type { Places } from "./places.ts"

export interface EnvironmentRequest {
  readonly attempt: Attempt
  readonly places: Places
  /** The server's own environment, of which a few variables pass. */
  readonly host: Readonly<Record<string, string | undefined>>
  /** Values of project secrets by name; one that is not set is absent. */
  readonly secretValues: Readonly<Record<string, string>>
  /** What a handler's runner needs. */
  readonly prepared: Readonly<Record<string, string>>
  /** Leased devices; undefined hides none. */
  readonly gpus?: readonly number[]
  /** Where volumes are that cannot appear at their mount paths, by volume name. */
  readonly volumePaths: Readonly<Record<string, string>>
}

const passed = new Set([
  "PATH",
  "LANG",
  "TZ",
  "SSL_CERT_FILE",
  "SSL_CERT_DIR",
  "NODE_EXTRA_CA_CERTS",
  "REQUESTS_CA_BUNDLE",
])
const passedLanguage = /^LC_[A-Z]+$/

/** The whole environment of a program: allow-list of the host < platform < secrets < user. Nothing else gets in. */
export function toEnvironment(request: EnvironmentRequest): Readonly<Record<string, string>> {
  const user = request.attempt.requirements.envs ?? []
  const before = {
    PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    ...hostVariables(request.host),
    HOME: request.places.home,
    TMPDIR: request.places.tmp,
    ...platformVariablesOf(request.attempt),
    ...gpuVariables(request.gpus),
    ...volumeVariables(request.volumePaths),
    ...request.prepared,
  }
  const environment: Record<string, string> = { ...before, ...secretsOf(request.attempt, request.secretValues) }
  for (const { name, value } of user) environment[name] = expandVariables(value, environment)
  return environment
}

function hostVariables(host: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const entries = Object.entries(host).filter(
    (entry): entry is [string, string] =>
      entry[1] !== undefined && (passed.has(entry[0]) || passedLanguage.test(entry[0])),
  )
  return Object.fromEntries(entries)
}

function platformVariablesOf(attempt: Attempt): Record<string, string> {
  const port = attempt.action === "serve" ? attempt.requirements.servicePorts?.[0]?.targetPort : undefined
  return {
    BERTH_RUN_ID: attempt.run,
    BERTH_ATTEMPT: `${attempt.number}`,
    BERTH_PROJECT: attempt.project,
    BERTH_FUNCTION: attempt.function.name,
    BERTH_ACTION: attempt.action,
    PROJECT_NAME: attempt.project,
    RUN_ID: attempt.run,
    ...(port !== undefined && { PORT: `${port}` }),
  }
}

function gpuVariables(gpus: readonly number[] | undefined): Record<string, string> {
  if (gpus === undefined) return {}
  return { CUDA_VISIBLE_DEVICES: gpus.join(","), NVIDIA_VISIBLE_DEVICES: gpus.join(",") || "void" }
}

function volumeVariables(paths: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(paths).map(([name, path]) => [
      `BERTH_VOLUME_${name.toUpperCase().replaceAll(/[^A-Z0-9_]/g, "_")}`,
      path,
    ]),
  )
}

function secretsOf({ requirements }: Attempt, values: Readonly<Record<string, string>>): Record<string, string> {
  const named = Object.entries(secretVariables(requirements))
  return Object.fromEntries(
    named.flatMap(([variable, name]) => (values[name] === undefined ? [] : [[variable, values[name]]])),
  )
}

/** Expands `$(NAME)` as the kubelet does: `$$` is a dollar, what is not defined stays as it is written. */
export function expandVariables(text: string, variables: Readonly<Record<string, string>>): string {
  return text.replaceAll(/\$\$|\$\(([^()$]*)\)/g, (whole, name?: string) => {
    if (whole === "$$") return "$"
    return (name !== undefined && Object.hasOwn(variables, name) ? variables[name] : undefined) ?? whole
  })
}
