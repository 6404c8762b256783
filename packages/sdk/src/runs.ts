import type { RunListQuery } from "@berth/spec"
import { type CallOptions, toSignal } from "./call-options.ts"
import type { Context } from "./context.ts"
import { listPages } from "./paging.ts"
import { type Run, toRun } from "./run.ts"

/** Which runs of a project. All members together. */
export interface RunFilter extends CallOptions, Pick<RunListQuery, "action" | "created" | "name" | "q" | "sort"> {
  /** `PENDING`, `RUNNING`, `ERROR` … */
  readonly state?: Run["state"]
  /** A function's reference: with `:<id>` that version, else every version. */
  readonly function?: string
}

/** The runs of a project. */
export interface Runs {
  /** One run. @throws BerthError `not_found`. */
  get(id: string, options?: CallOptions): Promise<Run>
  /** Runs of every kind, newest first, read page by page as they are asked for. */
  list(filter?: RunFilter): AsyncIterable<Run>
}

/** The runs of one project. */
export function toRuns(context: Context, project: string): Runs {
  return {
    get: async (id, options = {}) =>
      toRun(context, await context.transport.call("readRun", { params: { project, id }, ...options })),
    list: (filter = {}) => listRuns(context, project, filter),
  }
}

async function* listRuns(
  context: Context,
  project: string,
  { signal, timeoutMs, ...query }: RunFilter,
): AsyncGenerator<Run, void, undefined> {
  const joined = toSignal({ signal, timeoutMs })
  const read = (page: { page: number; size: number }) =>
    context.transport.call("listRuns", {
      params: { project },
      query: { kind: "*", ...query, ...page },
      signal: joined,
    })
  for await (const entity of listPages(read)) yield toRun(context, entity)
}
