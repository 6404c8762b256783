import { BerthError, type Entity } from "@berth/spec"
import { type CallOptions, toSignal } from "./call-options.ts"
import type { Context } from "./context.ts"
import { listPages } from "./paging.ts"

/** The secrets of a project. A value is sent once, kept encrypted, and answered by `readValue` alone. */
export interface Secrets {
  /** Creates the secret or replaces its value. */
  set(name: string, value: string, options?: CallOptions): Promise<void>
  /** Name and times of a secret, never its value. @throws BerthError `not_found`. */
  get(name: string, options?: CallOptions): Promise<Entity>
  /** Secrets without their values, by name. */
  list(options?: CallOptions): AsyncIterable<Entity>
  /** The value. @throws BerthError `not_found` when the secret is not there or was never set. */
  readValue(name: string, options?: CallOptions): Promise<string>
  /** Removes the secret and its value. One that is not there is no error. */
  delete(name: string, options?: CallOptions): Promise<void>
}

/** The secrets of one project. */
export function toSecrets({ transport }: Context, project: string): Secrets {
  const params = { project }
  return {
    async set(name, value, options = {}) {
      const body = { kind: "secret", name, spec: { path: `secret://${name}`, provider: "kubernetes" } }
      await transport.call("createSecret", { params, body, ...options }).catch(ignoreConflict)
      await transport.call("writeSecretValues", { params, body: { [name]: value }, ...options })
    },
    async get(name, options = {}) {
      const page = await transport.call("listSecrets", { params, query: { name, size: 1 }, ...options })
      return page.content[0] ?? refuse(name, project)
    },
    async *list(options = {}) {
      const signal = toSignal(options)
      yield* listPages((page) => transport.call("listSecrets", { params, query: page, signal }))
    },
    async readValue(name, options = {}) {
      const values = await transport.call("readSecretValues", { params, query: { keys: [name] }, ...options })
      return Object.hasOwn(values, name) ? (values[name] ?? refuse(name, project)) : refuse(name, project)
    },
    async delete(name, options = {}) {
      await transport.call("deleteSecrets", { params, query: { name }, ...options })
    },
  }
}

/** That the secret has a name already is what a new value needs. */
function ignoreConflict(error: unknown): void {
  if (!(error instanceof BerthError) || error.code !== "conflict") throw error
}

function refuse(name: string, project: string): never {
  throw new BerthError("not_found", `There is no secret ${name} with a value in ${project}. Set it first.`)
}
