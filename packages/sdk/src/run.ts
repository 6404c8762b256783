import {
  BerthError,
  type ErrorCode,
  type ExplainResult,
  type Finding,
  isAtRest,
  type LogLine,
  type RunEntity,
  type RunState,
  type RunStatus,
} from "@berth/spec"
import type { CallOptions } from "./call-options.ts"
import type { Context } from "./context.ts"
import { type LogOptions, readLogs } from "./run-logs.ts"
import { type WaitOptions, waitForRun } from "./wait.ts"

/** A run as it was seen last. It never changes; what asks the server anew gives a new one. */
export interface Run {
  /** 32 hexadecimal digits, or what the run was created with. */
  readonly id: string
  readonly project: string
  readonly state: RunState
  /** State, findings, attempts, what was resolved, results. */
  readonly status: RunStatus
  /** Everything Berth has to say about it, most telling first. */
  readonly findings: readonly Finding[]
  /** The run as the wire shows it. */
  readonly entity: RunEntity

  /**
   * Waits until the run moves no further, or, with `until: "ready"`, until its service answers. A run that failed is
   * given back like any other: its state is `ERROR`, its findings say why.
   *
   * @throws BerthError `timeout` after `timeoutMs`, `canceled` by the signal, `unavailable` when the server did not
   * answer for a minute.
   */
  wait(options?: WaitOptions & { readonly onUpdate?: (run: Run) => void }): Promise<Run>
  /**
   * Waits, then gives what the handler returned: an object as it is, anything else as `{ output: … }`. `{}` for a
   * command.
   *
   * @throws BerthError with the run's findings as issues when it did not complete: `timeout` when its time was over,
   * `canceled` when it was stopped or deleted, `exhausted` for a lack of resources, `unavailable` when the
   * infrastructure failed, `forbidden` by a policy, `invalid` for the program's own failure. Else as {@link Run.wait}.
   *
   * @example
   * const { accuracy } = await run.result<{ accuracy: number }>()
   */
  result<Result extends object = Record<string, unknown>>(options?: CallOptions): Promise<Result>
  /**
   * The lines of the log so far, or with `follow` until the run has ended.
   *
   * @example
   * for await (const line of run.logs({ follow: true })) process.stdout.write(line.text)
   */
  logs(options?: LogOptions): AsyncIterable<LogLine>
  /** Asks the run to stop. Can be repeated; a run that has ended stays what it is, and its message says so. */
  stop(options?: CallOptions): Promise<Run>
  /** Asks a stopped `serve` or `deploy` run to go on with a new attempt. What is not possible changes nothing. */
  resume(options?: CallOptions): Promise<Run>
  /** Reads the run anew. @throws BerthError `not_found` when it was deleted. */
  refresh(options?: CallOptions): Promise<Run>
  /** Ends the run if need be and removes it, with its log. Gives it back as `DELETING`. */
  delete(options?: CallOptions): Promise<Run>
  /** Why the run is where it is, and what would help. */
  explain(options?: CallOptions): Promise<ExplainResult>
}

/** The handle of a run. */
export function toRun(context: Context, entity: RunEntity): Run {
  const { id, project, status } = entity
  const params = { project, id }
  const { transport } = context
  const ask = async (event: "stop" | "resume", options: CallOptions = {}) =>
    toRun(context, await transport.call("actOnRun", { params: { ...params, event }, ...options }))

  const run: Run = {
    id,
    project,
    entity,
    status,
    state: status.state,
    findings: status.findings ?? [],
    async wait({ onUpdate, ...options } = {}) {
      const tell = onUpdate && ((next: RunEntity) => onUpdate(toRun(context, next)))
      return toRun(context, await waitForRun(context, entity, { ...options, onUpdate: tell }))
    },
    async result(options = {}) {
      const ended = isAtRest(status.state) ? run : await run.wait(options)
      if (ended.state !== "COMPLETED") throw toRunError(ended.entity)
      return (ended.status.results ?? {}) as never
    },
    logs: (options) => readLogs(context, { project, run: id }, options),
    stop: (options) => ask("stop", options),
    resume: (options) => ask("resume", options),
    refresh: async (options = {}) => toRun(context, await transport.call("readRun", { params, ...options })),
    delete: async (options = {}) => toRun(context, await transport.call("deleteRun", { params, ...options })),
    explain: (options = {}) => transport.call("explainRun", { params: { project, run: id }, ...options }),
  }
  return run
}

const codeByClass: Readonly<Record<Finding["class"], ErrorCode>> = {
  user: "invalid",
  policy: "forbidden",
  resources: "exhausted",
  infrastructure: "unavailable",
  transient: "unavailable",
}

/** Why there is no result, for a run that moves no further. */
function toRunError({ id, status }: RunEntity): BerthError {
  const issues = status.findings ?? []
  const deciding =
    issues.find(({ code }) => code === status.reason) ?? issues.find(({ severity }) => severity === "error")
  const why = deciding?.message ?? status.message
  const message = `Run ${id} ended as ${status.state} and has no result.${why === undefined ? "" : ` ${why}`}`
  if (status.state !== "ERROR") return new BerthError("canceled", message, { issues })
  if (deciding?.code.startsWith("timeout.")) return new BerthError("timeout", message, { issues })
  return new BerthError(deciding === undefined ? "internal" : codeByClass[deciding.class], message, { issues })
}
