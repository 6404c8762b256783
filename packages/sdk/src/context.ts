import type { EventFeed } from "./event-feed.ts"
import type { Transport } from "./transport.ts"

/** What every handle of one client shares. */
export interface Context {
  readonly transport: Transport
  /** The one event stream of a project. */
  readonly feed: (project: string) => EventFeed
}
