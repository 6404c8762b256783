import type { Exit } from "@berth/spec"

/** What Berth reads of `GET /containers/{name}/json`. */
export interface ContainerFacts {
  readonly id: string
  readonly labels: Readonly<Record<string, string>>
  readonly phase: "created" | "running" | "ended"
  /** Of the first process, 0 when there is none. */
  readonly pid: number
  readonly exitCode: number
  readonly oomKilled: boolean
  readonly error: string
  readonly startedAt: string
  readonly finishedAt: string
}

const phases: Readonly<Record<string, ContainerFacts["phase"]>> = {
  created: "created",
  configured: "created",
  initialized: "created",
  exited: "ended",
  dead: "ended",
  stopped: "ended",
  removing: "ended",
}

/** Reads a daemon's answer; Docker and Podman name some states differently. */
export function toFacts(answer: unknown): ContainerFacts {
  const { Id, Config, State } = answer as {
    readonly Id: string
    readonly Config?: { readonly Labels?: Readonly<Record<string, string>> | null }
    readonly State: Readonly<Record<string, unknown>>
  }
  return {
    id: Id,
    labels: Config?.Labels ?? {},
    phase: phases[String(State.Status)] ?? "running",
    pid: Number(State.Pid ?? 0),
    exitCode: Number(State.ExitCode ?? 0),
    oomKilled: State.OOMKilled === true,
    error: String(State.Error ?? ""),
    startedAt: toTime(State.StartedAt),
    finishedAt: toTime(State.FinishedAt),
  }
}

/** Milliseconds are all that the port carries. */
function toTime(text: unknown): string {
  const time = new Date(String(text))
  return Number.isNaN(time.getTime()) ? new Date(0).toISOString() : time.toISOString()
}

/** What the attempt's own files add to the daemon's facts. */
export interface EndDetails {
  readonly memoryLimitBytes?: number
  readonly peakMemoryBytes?: number
  /** Kills for lack of memory that were counted in the container's cgroup. */
  readonly oomKills: number
  /** When the end was asked for, ISO 8601. */
  readonly stopAskedAt?: string
}

/** How a container ended, as the port tells it. */
export function toContainerExit(facts: ContainerFacts, details: EndDetails): Exit {
  const { finishedAt, exitCode: code } = facts
  const shared = {
    finishedAt,
    ...(details.peakMemoryBytes !== undefined && { peakMemoryBytes: details.peakMemoryBytes }),
    ...(details.memoryLimitBytes !== undefined && { memoryLimitBytes: details.memoryLimitBytes }),
    ...(facts.error !== "" && { message: facts.error }),
  }
  if (facts.oomKilled || details.oomKills > 0) return { reason: "oom", code: 137, ...shared }
  if (details.stopAskedAt !== undefined && details.stopAskedAt <= finishedAt)
    return { reason: "stopped", code, ...shared }
  return { reason: code > 128 && code <= 128 + 64 ? "signaled" : "exited", code, ...shared }
}
