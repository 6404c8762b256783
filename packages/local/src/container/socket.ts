import { existsSync } from "node:fs"
import { join } from "node:path"

/** Where a container daemon may listen, most explicit first. */
export function socketCandidates(environment: NodeJS.ProcessEnv): readonly string[] {
  const host = environment.DOCKER_HOST ?? environment.CONTAINER_HOST
  if (host !== undefined && host !== "") return host.startsWith("unix://") ? [host.slice("unix://".length)] : []
  const own = environment.XDG_RUNTIME_DIR
  return [
    ...(own === undefined ? [] : [join(own, "docker.sock"), join(own, "podman", "podman.sock")]),
    "/var/run/docker.sock",
    "/run/podman/podman.sock",
  ]
}

/** The first socket that exists; whether a daemon answers there is for its first request to tell. */
export function findSocket(environment: NodeJS.ProcessEnv): string | undefined {
  return socketCandidates(environment).find((path) => existsSync(path))
}
