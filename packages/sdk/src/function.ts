import type { Action, Finding, FunctionKind, PlanResult, RequirementsInput, RouteResult, Routes } from "@berth/spec"
import { toRunBody } from "./bodies.ts"
import type { CallOptions } from "./call-options.ts"
import type { Context } from "./context.ts"
import { inTypescriptCase, withTypescriptPaths } from "./issue-paths.ts"
import type { ActionOf, ProgramOptions, RequirementsFor } from "./program.ts"
import { type Run, toRun } from "./run.ts"
import { type RunFilter, type Runs, toRuns } from "./runs.ts"
import { type Tasks, toTasks } from "./tasks.ts"

/** A function as the wire shows it. */
export type FunctionEntity = RouteResult<Routes["readFunction"]>

/** What beside program and requirements a run may be given. */
export interface SubmitOptions extends CallOptions {
  /** Default: the run's id. */
  readonly name?: string
  /** For lists. */
  readonly labels?: readonly string[]
  /**
   * Refuse also warnings, and every requirement that this server would not really enforce. Default false: unknown keys
   * and errors refuse.
   */
  readonly strict?: boolean
}

/** What a run may be given: what the program is told, what it requires, how to submit it. */
export type RunOptions<Kind extends FunctionKind, Does extends Action> = ProgramOptions<Kind> &
  RequirementsFor<Does> &
  SubmitOptions

/** What a run would become, and whether it would start. */
export interface Plan extends PlanResult {
  readonly findings: readonly Finding[]
}

/** One version of a function. */
export interface BerthFunction<Kind extends FunctionKind = FunctionKind> {
  readonly id: string
  readonly name: string
  readonly kind: Kind
  readonly project: string
  /** `<kind>://<project>/<name>:<id>`. */
  readonly reference: string
  readonly entity: FunctionEntity
  /** Defaults per action: the layer between the function's requirements and a run's. */
  readonly tasks: Tasks<Kind>
  /** Runs of this version. */
  readonly runs: Pick<Runs, "list">

  /**
   * Submits a run and comes back at once.
   *
   * @throws BerthError `invalid` with every problem by path when the request is refused; then nothing was created.
   *
   * @example
   * const run = await train.run("job", {
   *   parameters: { epochs: 20 },
   *   resources: { gpu: 1, mem: { requests: "64Gi" } },
   *   volumes: [{ volumeType: "config_map", name: "settings", mountPath: "/etc/train", spec: { name: "settings" } }],
   * })
   */
  run<Does extends ActionOf<Kind>>(action: Does, options?: RunOptions<Kind, Does>): Promise<Run>
  /** What {@link BerthFunction.run} of the same would do, and whether the run would start now. Nothing is created. */
  plan<Does extends ActionOf<Kind>>(action: Does, options?: RunOptions<Kind, Does>): Promise<Plan>
  /** Removes this version; with `cascade` its tasks and their runs too. Default false. */
  delete(options?: CallOptions & { readonly cascade?: boolean }): Promise<void>
}

/** The handle of a function. */
export function toFunction<Kind extends FunctionKind>(context: Context, entity: FunctionEntity): BerthFunction<Kind> {
  const { id, name, kind, project } = entity
  const reference = `${kind}://${project}/${name}:${id}`
  const tasks = toTasks<Kind>(context, { project, kind, reference })
  const { transport } = context

  async function prepare(action: Action, options: SubmitOptions & RequirementsInput) {
    const { signal, timeoutMs, strict, ...values } = options
    const call = { signal, timeoutMs }
    const task = await tasks.reference(action, call)
    return {
      params: { project },
      query: { strict: strict === true ? "all" : "keys" } as const,
      body: toRunBody(entity, action, { task, reference, values: { ...values } }),
      ...call,
    }
  }

  return {
    id,
    name,
    kind: kind as Kind,
    project,
    reference,
    entity,
    tasks: tasks.handle,
    runs: { list: (filter: RunFilter = {}) => toRuns(context, project).list({ ...filter, function: reference }) },
    run: (action, options = {} as never) =>
      inTypescriptCase(async () => toRun(context, await transport.call("createRun", await prepare(action, options)))),
    plan: (action, options = {} as never) =>
      inTypescriptCase(async () => {
        const plan = await transport.call("planRun", await prepare(action, options))
        return { ...plan, findings: withTypescriptPaths(plan.findings) }
      }),
    delete: async ({ cascade, ...options } = {}) =>
      await transport.call("deleteFunction", {
        params: { project, id },
        query: { ...(cascade !== undefined && { cascade }) },
        ...options,
      }),
  }
}
