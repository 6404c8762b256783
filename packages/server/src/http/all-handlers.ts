import type { JsonObject } from "@berth/spec"
import { clusterHandlers } from "./cluster.ts"
import type { AppDeps } from "./deps.ts"
import { discoveryHandlers } from "./discovery.ts"
import { eventHandlers } from "./events.ts"
import { functionHandlers } from "./functions.ts"
import type { Handlers } from "./handlers.ts"
import { logStreamHandlers } from "./log-stream.ts"
import { logHandlers } from "./logs.ts"
import type { Metrics } from "./metrics.ts"
import { projectHandlers } from "./projects.ts"
import { runHandlers } from "./runs.ts"
import { secretHandlers } from "./secrets.ts"
import { settingHandlers } from "./settings.ts"
import { shareHandlers } from "./shares.ts"
import type { Streams } from "./sse.ts"
import { taskHandlers } from "./tasks.ts"
import { tokenHandlers } from "./tokens.ts"

/** What handlers share beside what main.ts gives. */
export interface Shared {
  readonly metrics: Metrics
  readonly streams: Streams
  openApi(): JsonObject
}

/** The handler of every route of the contract. */
export function createHandlers(deps: AppDeps, shared: Shared): Handlers {
  return {
    ...discoveryHandlers(deps, shared),
    ...projectHandlers(deps),
    ...shareHandlers(deps),
    ...functionHandlers(deps),
    ...taskHandlers(deps),
    ...runHandlers(deps),
    ...logHandlers(deps),
    ...secretHandlers(deps),
    ...settingHandlers(deps),
    ...clusterHandlers(deps),
    ...tokenHandlers(deps),
    ...eventHandlers(deps, shared.streams),
    ...logStreamHandlers(deps, shared.streams),
  }
}
