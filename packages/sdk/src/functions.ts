import { BerthError, type FunctionKind, type ListQuery } from "@berth/spec"
import { toFunctionBody } from "./bodies.ts"
import { type CallOptions, toSignal } from "./call-options.ts"
import type { Context } from "./context.ts"
import { type BerthFunction, type FunctionEntity, toFunction } from "./function.ts"
import { inTypescriptCase } from "./issue-paths.ts"
import { listPages } from "./paging.ts"
import type { DefinitionOf, FunctionDefinition } from "./program.ts"

/** Which functions of a project. All members together. */
export interface FunctionFilter extends CallOptions, Pick<ListQuery, "created" | "q" | "sort"> {
  readonly name?: string
  /** Default: every kind. */
  readonly kind?: FunctionKind
  /** Default `latest`: the newest version of each name. */
  readonly versions?: "latest" | "all"
}

/** The functions of a project. */
export interface Functions {
  /**
   * Creates a version of a function, or gives back the newest one when it is the same, code included.
   *
   * @throws BerthError `invalid` with the finding `code.too_large` above 900 kB of packed code.
   *
   * @example
   * const train = await project.functions.create({
   *   name: "train", kind: "python", handler: "train:main", code: { dir: "./src" },
   * })
   */
  create<Kind extends FunctionKind>(
    definition: DefinitionOf<Kind> & { readonly kind: Kind },
    options?: CallOptions,
  ): Promise<BerthFunction<Kind>>
  /**
   * The newest version of a function, or the one with an id.
   *
   * @param name - Also a reference, `name:id`.
   * @throws BerthError `not_found`; `invalid` when it is of another kind than asked for.
   */
  get<Kind extends FunctionKind = FunctionKind>(
    name: string,
    options?: CallOptions & { readonly kind?: Kind },
  ): Promise<BerthFunction<Kind>>
  /** Functions of every kind, newest first, read page by page as they are asked for. */
  list(filter?: FunctionFilter): AsyncIterable<BerthFunction>
  /** Removes every version of a function; with `cascade` the tasks and their runs too. Default false. */
  delete(name: string, options?: CallOptions & { readonly cascade?: boolean }): Promise<void>
}

/** The functions of one project. */
export function toFunctions(context: Context, project: string): Functions {
  const { transport } = context
  return {
    create: (definition, options = {}) =>
      inTypescriptCase(async () => {
        const body = await toFunctionBody(definition as FunctionDefinition)
        const newest = await readNewest(context, { project, name: definition.name }, options)
        const same = newest?.kind === body.kind && isEqual(newest.spec, body.spec)
        const entity = same
          ? newest
          : await transport.call("createFunction", { params: { project }, query: { strict: "keys" }, body, ...options })
        return toFunction(context, entity)
      }),
    get: async (name, { kind, ...options } = {}) => {
      const [, base = name, id] = /^(.*?)(?::([^:]+))?$/.exec(name) ?? []
      const entity =
        id === undefined
          ? await readNewest(context, { project, name: base }, options)
          : await transport.call("readFunction", { params: { project, id }, ...options })
      if (entity === undefined) throw new BerthError("not_found", `There is no function ${name} in ${project}.`)
      if (kind !== undefined && entity.kind !== kind) {
        throw new BerthError("invalid", `The function ${name} is of kind ${entity.kind}, not ${kind}.`)
      }
      return toFunction(context, entity)
    },
    list: (filter = {}) => listFunctions(context, project, filter),
    delete: async (name, { cascade, ...options } = {}) =>
      await transport.call("deleteFunctions", {
        params: { project },
        query: { name, ...(cascade !== undefined && { cascade }) },
        ...options,
      }),
  }
}

async function readNewest(
  { transport }: Context,
  { project, name }: { project: string; name: string },
  options: CallOptions,
): Promise<FunctionEntity | undefined> {
  const query = { name, kind: "*", size: 1 }
  return (await transport.call("listFunctions", { params: { project }, query, ...options })).content[0]
}

async function* listFunctions(
  context: Context,
  project: string,
  { signal, timeoutMs, ...query }: FunctionFilter,
): AsyncGenerator<BerthFunction, void, undefined> {
  const joined = toSignal({ signal, timeoutMs })
  const read = (page: { page: number; size: number }) =>
    context.transport.call("listFunctions", {
      params: { project },
      query: { kind: "*", ...query, ...page },
      signal: joined,
    })
  for await (const entity of listPages(read)) yield toFunction(context, entity)
}

/** Equal as JSON, whatever the order of members. */
function isEqual(a: unknown, b: unknown): boolean {
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return a === b
  if (Array.isArray(a) !== Array.isArray(b)) return false
  const [left, right] = [Object.entries(a), Object.entries(b)]
  return (
    left.length === right.length && left.every(([key, value]) => isEqual(value, (b as Record<string, unknown>)[key]))
  )
}
