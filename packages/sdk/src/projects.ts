import { BerthError, type ListQuery } from "@berth/spec"
import { type CallOptions, toSignal } from "./call-options.ts"
import type { Context } from "./context.ts"
import { listPages } from "./paging.ts"
import { type Project, toProject } from "./project.ts"

/** A project to be created. */
export interface ProjectDefinition {
  /** 2 to 38 lower-case letters, digits and `-`, not at the ends. */
  readonly name: string
  /** For people. */
  readonly description?: string
  readonly labels?: readonly string[]
}

/** The projects of a server. */
export interface Projects {
  /** @throws BerthError `conflict` when there is one of this name. */
  create(definition: ProjectDefinition, options?: CallOptions): Promise<Project>
  /** @throws BerthError `not_found`. */
  get(name: string, options?: CallOptions): Promise<Project>
  /** The project of this name, created when it is not there. */
  ensure(name: string, options?: CallOptions): Promise<Project>
  /** {@link Projects.ensure}, by its name in Python. */
  getOrCreate(name: string, options?: CallOptions): Promise<Project>
  /** Projects that the caller may see, by name, read page by page as they are asked for. */
  list(options?: CallOptions & Pick<ListQuery, "q" | "sort">): AsyncIterable<Project>
  /** Removes a project; one that is not there is no error. */
  delete(name: string, options?: CallOptions & { readonly cascade?: boolean }): Promise<void>
}

/** The projects of one server. */
export function toProjects(context: Context): Projects {
  const { transport } = context

  async function create({ name, description, labels }: ProjectDefinition, options: CallOptions = {}) {
    const metadata = {
      ...(description !== undefined && { description }),
      ...(labels !== undefined && { labels: [...labels] }),
    }
    await transport.call("createProject", { params: {}, body: { name, metadata }, ...options })
    return toProject(context, name)
  }

  async function get(name: string, options: CallOptions = {}) {
    await transport.call("readProject", { params: { project: name }, ...options })
    return toProject(context, name)
  }

  /** Only `not_found` creates, and whoever was faster has created what was wanted. */
  async function ensure(name: string, options: CallOptions = {}) {
    try {
      return await get(name, options)
    } catch (error) {
      if (!hasCode(error, "not_found")) throw error
    }
    return await create({ name }, options).catch((error: unknown) => {
      if (hasCode(error, "conflict")) return toProject(context, name)
      throw error
    })
  }

  return {
    create,
    get,
    ensure,
    getOrCreate: ensure,
    list: (options = {}) => listProjects(context, options),
    delete: (name, options) => toProject(context, name).delete(options),
  }
}

async function* listProjects(
  context: Context,
  { signal, timeoutMs, ...query }: CallOptions & Pick<ListQuery, "q" | "sort">,
): AsyncGenerator<Project, void, undefined> {
  const joined = toSignal({ signal, timeoutMs })
  const read = (page: { page: number; size: number }) =>
    context.transport.call("listProjects", { params: {}, query: { ...query, ...page }, signal: joined })
  for await (const { name } of listPages(read)) yield toProject(context, name)
}

function hasCode(error: unknown, code: BerthError["code"]): boolean {
  return error instanceof BerthError && error.code === code
}
