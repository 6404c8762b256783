import { BerthError, type HealthResult } from "@berth/spec"
import { platform } from "#platform"
import type { CallOptions } from "./call-options.ts"
import type { Context } from "./context.ts"
import { createEventFeed, type EventFeed } from "./event-feed.ts"
import type { ServerRecord } from "./platform/platform.ts"
import { type Profiles, toProfiles } from "./profiles.ts"
import { type Project, toProject } from "./project.ts"
import { type Projects, toProjects } from "./projects.ts"
import { createTransport, type Transport } from "./transport.ts"

/** Which server, as whom, and how to reach it. */
export interface ClientOptions {
  /**
   * `https://berth.example`. Default: `BERTH_ENDPOINT`; else, in Node, the server that the nearest
   * `.berth/server.json` names.
   */
  readonly endpoint?: string | undefined
  /** A token of the server. Default: `BERTH_TOKEN`, or the one beside the endpoint that was found. */
  readonly token?: string | undefined
  /** Sends the requests. Default: the platform's `fetch`. */
  readonly fetch?: typeof globalThis.fetch | undefined
  /** Where to begin looking for `.berth/server.json`. Default: the working directory. */
  readonly folder?: string | undefined
}

/** A Berth server, as one user sees it. */
export interface Client {
  readonly projects: Projects
  readonly profiles: Profiles
  /** The handle of a project, without asking the server whether there is one. */
  project(name: string): Project
  /** Whether the server does its work. @throws BerthError `unavailable`. */
  health(options?: CallOptions): Promise<HealthResult>
  /**
   * Any endpoint of the contract as it is: snake_case bodies, paths of issues as the wire has them.
   *
   * @example
   * await client.transport.call("createRun", { params: { project }, query: { strict: "keys" }, body })
   */
  readonly transport: Transport
}

/**
 * Creates a client. Nothing is sent before the first call.
 *
 * @throws BerthError at the first call: `unavailable` when no server is configured or none answers.
 *
 * @example
 * const berth = createClient()
 * const project = await berth.projects.ensure("churn")
 */
export function createClient(options: ClientOptions = {}): Client {
  const send = options.fetch ?? ((input, init) => globalThis.fetch(input, init))
  const transport = createTransport({ locate: () => locate(options), fetch: send })
  const feeds = new Map<string, EventFeed>()
  const context: Context = {
    transport,
    feed(project) {
      const feed = feeds.get(project) ?? createEventFeed(transport, project)
      feeds.set(project, feed)
      return feed
    },
  }
  return {
    projects: toProjects(context),
    profiles: toProfiles(context),
    project: (name) => toProject(context, name),
    health: (call = {}) => transport.call("readHealth", { params: {}, ...call }),
    transport,
  }
}

/** The first that names a server: the options, the environment, the folder. What was found there keeps its own token. */
async function locate({ endpoint, token, folder }: ClientOptions): Promise<ServerRecord> {
  const environment = platform.readEnvironment()
  const given = endpoint ?? environment.endpoint
  const server = given === undefined ? await platform.findServer(folder) : { endpoint: given }
  if (server === undefined) {
    throw new BerthError(
      "unavailable",
      "No Berth server is configured: set BERTH_ENDPOINT, or start one for this folder with: berth serve",
    )
  }
  const own = token ?? server.token ?? environment.token
  return { endpoint: server.endpoint, ...(own !== undefined && { token: own }) }
}
