import type { LogEntity } from "@berth/spec"
import type { LogKey, NumberedChunk, RunRow, Store } from "../store/store.ts"
import type { AppDeps } from "./deps.ts"
import type { Handlers } from "./handlers.ts"
import { toListOptions, toPage } from "./page.ts"
import { requireRun } from "./runs.ts"

const maxBytes = 8 * 1024 * 1024
const chunksAtOnce = 64

/** Logs as DigitalHub's clients read them: whole, once in a while. */
export function logHandlers({ store }: AppDeps): Pick<Handlers, "readRunLogs" | "listLogs"> {
  return {
    readRunLogs: async ({ params }) => readLogs(store, await requireRun(store, params.project, params.id)),
    async listLogs({ params, query }) {
      const options = toListOptions(query)
      const logs = await readLogs(store, await requireRun(store, params.project, query.run))
      const rows = logs.slice(options.page * options.size, (options.page + 1) * options.size)
      return toPage({ rows, total: logs.length }, options, (log) => log)
    },
  }
}

type Stream = LogKey & { readonly length: number }

/** One entry per container over all attempts, oldest first, so that a client that polls sees it only grow. */
async function readLogs(store: Store, run: RunRow): Promise<readonly LogEntity[]> {
  const streams = await store.logs.streams(run.project, run.id)
  const containers = [...new Set(streams.map(({ container }) => container))]
  if (containers.length === 0) return [toLog(run, "main", "")]
  return Promise.all(
    containers.map(async (container) => {
      const own = streams.filter((stream) => stream.container === container)
      return toLog(run, container, await readContent(store, own))
    }),
  )
}

/** Base64 of the last 8 MiB. */
async function readContent(store: Store, streams: readonly Stream[]): Promise<string> {
  const total = streams.reduce((sum, { length }) => sum + length, 0)
  let left = Math.max(0, total - maxBytes)
  const parts: Uint8Array[] = left > 0 ? [Buffer.from(`[the first ${left} bytes of this log are left out]\n`)] : []
  for (const stream of streams) {
    const from = Math.min(left, stream.length)
    left -= from
    parts.push(...(await readBytes(store, stream, from)))
  }
  return Buffer.concat(parts).toString("base64")
}

async function readBytes(store: Store, key: Stream, from: number): Promise<readonly Uint8Array[]> {
  if (from >= key.length) return []
  const parts: Uint8Array[] = []
  let position: Parameters<Store["logs"]["read"]>[1] = from
  for (;;) {
    const chunks: readonly NumberedChunk[] = await store.logs.read(key, position, chunksAtOnce)
    for (const chunk of chunks) {
      if (chunk.gap !== undefined) parts.push(Buffer.from(`[bytes are missing here: ${chunk.gap}]\n`))
      parts.push(chunk.bytes.subarray(Math.max(0, from - chunk.offset)))
    }
    const last = chunks.at(-1)
    if (last === undefined || chunks.length < chunksAtOnce) return parts
    position = { after: last.number }
  }
}

function toLog(run: RunRow, container: string, content: string): LogEntity {
  const { project, id } = run
  return {
    id: container,
    name: container,
    kind: "log",
    key: `store://${project}/log/log/${container}`,
    project,
    user: run.user,
    run: id,
    metadata: { project, created: run.created, updated: run.updated },
    spec: { run: id },
    status: { container, pod: "", namespace: "", metrics: [] },
    extensions: { container, containerId: "", pod: "", namespace: "", metrics: [] },
    content,
  }
}
