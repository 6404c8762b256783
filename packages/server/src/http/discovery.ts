import { type AuthResult, apiLevel } from "@berth/spec"
import type { FastifyRequest } from "fastify"
import type { Principal } from "./auth.ts"
import type { AppDeps } from "./deps.ts"
import type { Handlers } from "./handlers.ts"
import type { Metrics } from "./metrics.ts"

type DiscoveryHandlers = Pick<
  Handlers,
  "readConfiguration" | "readAuth" | "login" | "readHealth" | "readMetrics" | "readApiDocs"
>

/** What clients ask before anything else. */
export function discoveryHandlers(
  deps: AppDeps,
  { metrics, openApi }: { readonly metrics: Metrics; openApi(): DiscoveryResult },
): DiscoveryHandlers {
  return {
    async readConfiguration({ request }) {
      const profiles = await deps.store.settings.profiles()
      return {
        dhcore_endpoint: endpointOf(request, deps.config.publicUrl),
        dhcore_name: "berth",
        dhcore_version: deps.version,
        dhcore_api_level: String(apiLevel),
        dhcore_api_version: "v1",
        dhcore_authentication_methods: deps.tokens.length === 0 ? "none" : "basic",
        k8s_resource_profiles: profiles.map(({ name }) => name),
      }
    },
    readAuth: async ({ principal }) => toAuth(principal),
    login: async ({ principal }) => toAuth(principal),
    async readHealth() {
      await deps.store.projects.list({ page: 0, size: 1 })
      return { status: "UP", version: deps.version }
    },
    async readMetrics({ reply }) {
      reply.type(metrics.contentType)
      return metrics.print()
    },
    readApiDocs: async () => openApi(),
  }
}

type DiscoveryResult = Awaited<ReturnType<DiscoveryHandlers["readApiDocs"]>>

/** Where this client reaches the server. */
export function endpointOf(request: FastifyRequest, publicUrl: string | undefined): string {
  return publicUrl ?? `${request.protocol}://${request.host}`
}

function toAuth({ name, role }: Principal): AuthResult {
  return { username: name, permissions: role === "admin" ? ["ROLE_USER", "ROLE_ADMIN"] : ["ROLE_USER"] }
}
