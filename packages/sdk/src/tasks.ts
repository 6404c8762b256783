import { type Action, type FunctionKind, inputToWire, type TaskEntity } from "@berth/spec"
import type { CallOptions } from "./call-options.ts"
import type { Context } from "./context.ts"
import { inTypescriptCase } from "./issue-paths.ts"
import type { ActionOf, RequirementsFor } from "./program.ts"

/** The sticky defaults of a function, one task per action. */
export interface Tasks<Kind extends FunctionKind> {
  /** The task of an action; undefined while nobody has set or run it. */
  get(action: ActionOf<Kind>, options?: CallOptions): Promise<TaskEntity | undefined>
  /** Replaces the defaults of an action. */
  set<Does extends ActionOf<Kind>>(
    action: Does,
    requirements: RequirementsFor<Does>,
    options?: CallOptions,
  ): Promise<TaskEntity>
}

interface Owner {
  readonly project: string
  readonly kind: string
  /** Of the function's version. */
  readonly reference: string
}

/** The tasks of a function, and a way for runs to name one: `<kind>+<action>://<project>/<id>`. */
export function toTasks<Kind extends FunctionKind>(context: Context, owner: Owner) {
  const { transport } = context
  const { project } = owner
  const ids = new Map<Action, Promise<string>>()

  async function find(action: Action, options: CallOptions): Promise<TaskEntity | undefined> {
    const query = { kind: `${owner.kind}+${action}`, function: owner.reference, size: 1 }
    const page = await transport.call("listTasks", { params: { project }, query, ...options })
    return page.content[0]
  }

  const create = (action: Action, spec: ReturnType<typeof inputToWire>, options: CallOptions) =>
    transport.call("createTask", {
      params: { project },
      query: { strict: "keys" },
      body: { kind: `${owner.kind}+${action}`, spec: { function: owner.reference, ...spec } },
      ...options,
    })

  /** Once per handle: the first run of an action makes the task, later ones know it. */
  async function idOf(action: Action, options: CallOptions): Promise<string> {
    const known = ids.get(action)
    if (known !== undefined) return await known
    const found = find(action, options).then(async (task) => (task ?? (await create(action, {}, options))).id)
    ids.set(action, found)
    found.catch(() => ids.delete(action))
    return await found
  }

  const handle: Tasks<Kind> = {
    get: (action, options = {}) => find(action, options),
    set: (action, requirements, options = {}) =>
      inTypescriptCase(async () => {
        const spec = inputToWire(requirements)
        const task = await find(action, options)
        if (task === undefined) return await create(action, spec, options)
        const body = { kind: task.kind, spec: { function: owner.reference, ...spec } }
        return await transport.call("updateTask", {
          params: { project, id: task.id },
          query: { strict: "keys" },
          body,
          ...options,
        })
      }),
  }
  return {
    handle,
    reference: async (action: Action, options: CallOptions) =>
      `${owner.kind}+${action}://${project}/${await idOf(action, options)}`,
  }
}
