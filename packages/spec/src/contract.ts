import { discoveryRoutes } from "./contract/discovery-routes.ts"
import { functionRoutes, taskRoutes } from "./contract/function-routes.ts"
import { ownRoutes } from "./contract/own-routes.ts"
import { projectRoutes } from "./contract/project-routes.ts"
import { runRoutes } from "./contract/run-routes.ts"
import { secretRoutes } from "./contract/secret-routes.ts"

/** Every endpoint of a Berth server, by name. */
export const routes = {
  ...discoveryRoutes,
  ...projectRoutes,
  ...functionRoutes,
  ...taskRoutes,
  ...runRoutes,
  ...secretRoutes,
  ...ownRoutes,
} as const

/** All endpoints with their types: `Routes["createRun"]`. */
export type Routes = typeof routes

/** The name of an endpoint. */
export type RouteName = keyof Routes

/** What the `X-Api-Level` header says: the one level that every DigitalHub client line accepts. */
export const apiLevel = 15
