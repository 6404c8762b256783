import { spawn } from "node:child_process"
import { closeSync, mkdtempSync, openSync, readFileSync, realpathSync, writeFileSync } from "node:fs"
import { rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout } from "node:timers/promises"
import { Agent, request } from "undici"
import { connectDaemon, type Daemon } from "../container/daemon.ts"
import { findBusybox, makeImage } from "./make-image.ts"

/** A Podman of a test's own: its socket, its storage, its images; nothing of the machine's. */
export interface PodmanService {
  readonly socket: string
  readonly image: string
  /** Ends every container and the service itself. */
  stop(): Promise<void>
}

/** The reference of the image that {@link startPodman} loads. */
const image = "localhost/berth-test:1"

export async function startPodman(): Promise<PodmanService> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "berth-podman-")))
  const socket = join(folder, "podman.sock")
  const log = join(folder, "service.log")
  // Podman's own defaults need a privilege to raise limits that a test machine may lack.
  writeFileSync(
    join(folder, "containers.conf"),
    '[containers]\ndefault_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]\n',
  )
  const storage = ["--root", join(folder, "root"), "--runroot", join(folder, "run"), "--storage-driver", "vfs"]
  // Debian 12's crun refuses a machine that has both versions of cgroups.
  const runtime = ["--runtime", "runc", "--cgroup-manager", "cgroupfs", "--tmpdir", join(folder, "tmp")]
  const output = openSync(log, "a")
  // Two minutes without a request end it, should the suite die before it can.
  const child = spawn("podman", [...storage, ...runtime, "system", "service", "--time", "120", `unix://${socket}`], {
    cwd: folder,
    env: { ...process.env, CONTAINERS_CONF: join(folder, "containers.conf") },
    stdio: ["ignore", "ignore", output],
  })
  closeSync(output)
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()))
  const daemon = connectDaemon(socket)
  await untilAnswering(daemon).catch((error: unknown) => {
    throw new Error(`Podman's service did not answer: ${readFileSync(log, "utf8")}`, { cause: error })
  })
  await loadImage(socket)
  return {
    socket,
    image,
    async stop() {
      for (const { Id } of (await daemon.call("GET", "/containers/json", { query: { all: "1" } })) as {
        Id: string
      }[]) {
        await daemon.call("DELETE", `/containers/${Id}`, { query: { force: "1", v: "1" }, accept: [404, 409, 500] })
      }
      await daemon.close()
      child.kill("SIGTERM")
      await ended
      await rm(folder, { recursive: true, force: true })
    },
  }
}

async function untilAnswering(daemon: Daemon): Promise<void> {
  for (let tries = 0; ; tries++) {
    try {
      await daemon.call("GET", "/_ping")
      return
    } catch (error) {
      if (tries === 200) throw error
      await setTimeout(50)
    }
  }
}

async function loadImage(socket: string): Promise<void> {
  const busybox = findBusybox()
  if (busybox === undefined)
    throw new Error("The test image needs a statically linked busybox (Debian: busybox-static).")
  const dispatcher = new Agent({ connect: { socketPath: socket } })
  const { statusCode, body } = await request("http://daemon/images/load", {
    dispatcher,
    method: "POST",
    headers: { "content-type": "application/x-tar" },
    body: Buffer.from(makeImage(image, busybox)),
  })
  const answer = await body.text()
  await dispatcher.destroy()
  if (statusCode !== 200) throw new Error(`The image was not loaded: ${answer}`)
}
