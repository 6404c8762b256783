import { secretVariables } from "@berth/spec"
import { type Launch, LaunchRefused } from "../engine.ts"
import type { PreparedVolume } from "../volumes/prepared.ts"

/** Labels by which a restarted server finds its containers, and never another server's. */
export const instanceLabel = "berth.dev/instance"
export const attemptLabel = "berth.dev/attempt"

/** Variables of the host that mean nothing, or something else, inside an image. */
const hostOnly = /^(PATH|LANG|LC_[A-Z]+|TZ|SSL_CERT_(FILE|DIR)|NODE_EXTRA_CA_CERTS|REQUESTS_CA_BUNDLE)$/

/** The body of `POST /containers/create` for a launch. */
export function toCreateRequest(launch: Launch, instance: string, image: string): object {
  const { attempt, places, limits } = launch
  const { securityContext } = attempt.requirements
  return {
    Image: image,
    // All words as the entry point: an image's own arguments must not follow a command that replaces it.
    ...(launch.command.length > 0 && { Entrypoint: launch.command, Cmd: [] }),
    ...(launch.command.length === 0 && (launch.args ?? []).length > 0 && { Cmd: launch.args }),
    Env: Object.entries(imageVariables(launch)).map(([name, value]) => `${name}=${value}`),
    Labels: { [instanceLabel]: instance, [attemptLabel]: places.uid },
    ...toUser(securityContext),
    HostConfig: {
      // As on the process engine: a service is reached at its own port of this machine.
      NetworkMode: "host",
      CapDrop: ["ALL"],
      SecurityOpt: ["no-new-privileges"],
      ...(securityContext?.fsGroup !== undefined && { GroupAdd: [`${securityContext.fsGroup}`] }),
      // Without the same swap limit a container gets as much swap again.
      ...(limits.memoryBytes !== undefined && { Memory: limits.memoryBytes, MemorySwap: limits.memoryBytes }),
      ...(limits.cpuMilli !== undefined && { NanoCpus: limits.cpuMilli * 1_000_000 }),
      ...(launch.gpus.length > 0 && { DeviceRequests: [toDevices(launch.gpus)] }),
      ...toMounts([ownFolder(places.home), ownFolder(places.tmp), ...launch.volumes]),
    },
  }
}

/** Everything but what only describes the host, unless the run itself asks for that name. */
function imageVariables(launch: Launch): Readonly<Record<string, string>> {
  const { requirements } = launch.attempt
  const asked = new Set([
    ...(requirements.envs ?? []).map(({ name }) => name),
    ...Object.keys(secretVariables(requirements)),
  ])
  return Object.fromEntries(
    Object.entries(launch.environment).filter(([name]) => asked.has(name) || !hostOnly.test(name)),
  )
}

function toUser(context: Launch["attempt"]["requirements"]["securityContext"]): object {
  if (context?.runAsUser === undefined) return {}
  return {
    User: context.runAsGroup === undefined ? `${context.runAsUser}` : `${context.runAsUser}:${context.runAsGroup}`,
  }
}

function toDevices(gpus: readonly number[]): object {
  return { Driver: "nvidia", DeviceIDs: gpus.map(String), Capabilities: [["gpu"]] }
}

/** HOME and TMPDIR are at the same place inside. */
function ownFolder(path: string): PreparedVolume {
  return { name: "", mountPath: path, readOnly: false, content: { form: "host", path, directory: true } }
}

/** Podman takes a mount apart at its commas, and a bind at its colons: a path may have the one or the other. */
function toMounts(volumes: readonly PreparedVolume[]): { readonly Mounts: object[]; readonly Binds: string[] } {
  const pathsOf = ({ mountPath, content }: PreparedVolume) => mountPath + (content.form === "host" ? content.path : "")
  const isOdd = (volume: PreparedVolume) => pathsOf(volume).includes(",")
  return { Mounts: volumes.filter((volume) => !isOdd(volume)).map(toMount), Binds: volumes.filter(isOdd).map(toBind) }
}

function toBind({ name, mountPath, readOnly, content }: PreparedVolume): string {
  if (content.form === "host" && !(mountPath + content.path).includes(":")) {
    return `${content.path}:${mountPath}:${readOnly ? "ro" : "rw"}`
  }
  throw new LaunchRefused(
    `The volume ${name} cannot be mounted at ${mountPath}: a container engine splits such a path.`,
  )
}

function toMount({ mountPath, readOnly, content }: PreparedVolume): object {
  if (content.form === "host") return { Type: "bind", Source: content.path, Target: mountPath, ReadOnly: readOnly }
  return {
    Type: "tmpfs",
    Target: mountPath,
    ReadOnly: readOnly,
    TmpfsOptions: { Mode: 0o1777, ...(content.sizeBytes !== undefined && { SizeBytes: content.sizeBytes }) },
  }
}
