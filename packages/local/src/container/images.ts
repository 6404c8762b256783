import { type ContainerProgram, createFinding, type Path } from "@berth/spec"
import { LaunchBlocked, LaunchRefused } from "../engine.ts"
import { type Daemon, DaemonError } from "./daemon.ts"

export interface ImageRequest {
  readonly image: string
  readonly policy: ContainerProgram["imagePullPolicy"]
  /** Where the user named the image. */
  readonly path: Path | undefined
  readonly signal: AbortSignal
}

/** `[registry[:port]/]path[:tag][@digest]` */
const reference =
  /^[A-Za-z0-9][A-Za-z0-9._-]*(:\d+)?(\/[A-Za-z0-9._-]+)*(:[\w][\w.-]{0,127})?(@[A-Za-z0-9]+:[0-9a-fA-F]{32,})?$/

/**
 * Makes sure that the image is there, pulling it as its policy says. The kubelet's rule: `latest`, or no tag, is always
 * asked for again.
 *
 * @throws LaunchBlocked while it is missing; LaunchRefused when its name is none.
 */
export async function ensureImage(daemon: Daemon, request: ImageRequest): Promise<void> {
  const { image, policy = isMoving(image) ? "Always" : "IfNotPresent" } = request
  if (!reference.test(image)) throw new LaunchRefused(`${JSON.stringify(image)} is no image reference.`)
  const isHere = (await daemon.find(`/images/${image}/json`, { signal: request.signal })) !== undefined
  if (isHere && policy !== "Always") return
  const context = request.path === undefined ? {} : { path: request.path }
  if (policy === "Never") {
    throw new LaunchBlocked(createFinding("image.missing", { image, policy }, context))
  }
  const problem = await pull(daemon, request)
  if (problem === undefined) return
  // What is here and local to this machine cannot be pulled, and needs no pulling.
  if (isHere && image.startsWith("localhost/")) return
  throw new LaunchBlocked(createFinding("image.pull_failed", { image, message: problem }, context))
}

function isMoving(image: string): boolean {
  const name = image.slice(image.lastIndexOf("/") + 1)
  return !name.includes("@") && (!name.includes(":") || name.endsWith(":latest"))
}

/** The daemon's own words when it failed. */
async function pull(daemon: Daemon, { image, signal }: ImageRequest): Promise<string | undefined> {
  const name = image.slice(image.lastIndexOf("/") + 1)
  const whole = name.includes(":") || name.includes("@") ? image : `${image}:latest`
  try {
    let text = ""
    const answer = daemon.stream("POST", "/images/create", { query: { fromImage: whole }, signal })
    for await (const bytes of answer) text = (text + Buffer.from(bytes).toString("utf8")).slice(-16_384)
    return lastError(text)
  } catch (error) {
    if (error instanceof DaemonError) return error.message
    throw error
  }
}

/** A pull that fails on the way still answers 200: one of its lines is the error. */
function lastError(text: string): string | undefined {
  return [...text.matchAll(/"error":\s*("(?:[^"\\]|\\.)*")/g)]
    .map(([, words]) => JSON.parse(words ?? '""') as string)
    .at(-1)
}
