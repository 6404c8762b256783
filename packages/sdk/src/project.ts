import type { Entity, Inventory, JsonObject, ObjectsResult, Policy, ProjectEvent } from "@berth/spec"
import { type CallOptions, toSignal } from "./call-options.ts"
import type { Context } from "./context.ts"
import { readEvents } from "./event-feed.ts"
import { type Functions, toFunctions } from "./functions.ts"
import { type Runs, toRuns } from "./runs.ts"
import { type Secrets, toSecrets } from "./secrets.ts"

/** A project: it owns functions, runs and secrets. */
export interface Project {
  /** Also its id. */
  readonly name: string
  readonly functions: Functions
  readonly runs: Runs
  readonly secrets: Secrets
  /** Who may use which field. */
  readonly policy: ProjectPolicy
  /** Stand-ins for cluster objects, with the local executor. */
  readonly objects: ProjectObjects

  /** The project as the wire shows it. @throws BerthError `not_found`. */
  read(options?: CallOptions): Promise<Entity>
  /** What there is to ask for: nodes, claims, ConfigMaps, Secrets, GPU types. */
  inventory(options?: CallOptions): Promise<Inventory>
  /**
   * Every change of the project's runs, for as long as the caller reads. A broken connection is opened again where it
   * broke; `reset` says that something was missed.
   *
   * @param options - `after`: the `seq` of the last event seen. Default: from now on.
   */
  events(options?: CallOptions & { readonly after?: number }): AsyncIterable<ProjectEvent>
  /** Removes the project; with `cascade` all that it owns, ending what runs. Default false. */
  delete(options?: CallOptions & { readonly cascade?: boolean }): Promise<void>
}

/** The policy of a project; fields that it does not name follow the built-in rule. */
export interface ProjectPolicy {
  get(options?: CallOptions): Promise<Policy>
  /** Replaces it. @throws BerthError `forbidden` without the role `admin`. */
  set(policy: Policy, options?: CallOptions): Promise<Policy>
}

/** Ordinary Kubernetes manifests (ConfigMap, Secret, PersistentVolumeClaim, Node) that the local executor reads. */
export interface ProjectObjects {
  /** Replaces all of them. @throws BerthError `unsupported` by another executor. */
  set(objects: readonly JsonObject[], options?: CallOptions): Promise<ObjectsResult>
  /** Their kinds and names. */
  list(options?: CallOptions): Promise<ObjectsResult>
}

/** The handle of a project. */
export function toProject(context: Context, name: string): Project {
  const { transport } = context
  const params = { project: name }
  return {
    name,
    functions: toFunctions(context, name),
    runs: toRuns(context, name),
    secrets: toSecrets(context, name),
    policy: {
      get: (options = {}) => transport.call("readPolicy", { params, ...options }),
      set: (policy, options = {}) => transport.call("writePolicy", { params, body: policy, ...options }),
    },
    objects: {
      set: (objects, options = {}) => transport.call("writeObjects", { params, body: { objects }, ...options }),
      list: (options = {}) => transport.call("listObjects", { params, ...options }),
    },
    read: (options = {}) => transport.call("readProject", { params, ...options }),
    inventory: (options = {}) => transport.call("readInventory", { params, ...options }),
    async *events({ after, ...options } = {}) {
      yield* readEvents(transport, { project: name, signal: toSignal(options), after })
    },
    delete: async ({ cascade, ...options } = {}) =>
      await transport.call("deleteProject", {
        params,
        query: { ...(cascade !== undefined && { cascade }) },
        ...options,
      }),
  }
}
