import type { ProjectEvent } from "@berth/spec"
import type { RunRow, TransitionRow } from "../store/store.ts"
import type { AppDeps } from "./deps.ts"
import type { Handlers } from "./handlers.ts"
import { requireProject } from "./projects.ts"
import { readRunEntity } from "./run-answer.ts"
import type { EventStream, Streams } from "./sse.ts"
import { createWakeUp } from "./wake-up.ts"

const batchSize = 500
/** Looks again even when nobody called: nothing depends on a callback alone. */
const lookAgainMs = 30_000
/** A change may carry an older time than one that was committed before it. */
const overlapMs = 2000
/** Beyond this many a run may be sent twice, which says nothing wrong. */
const rememberedRuns = 5000

/** One stream per project: every change of its runs, resumable by the sequence number of its transitions. */
export function eventHandlers(deps: AppDeps, streams: Streams): Pick<Handlers, "streamEvents"> {
  const { store } = deps
  return {
    async streamEvents({ params, query, request, reply }) {
      await requireProject(store, params.project)
      const asked = readPosition(request.headers["last-event-id"]) ?? query.after
      const stream = streams.open(request, reply)
      const wakeUp = createWakeUp()
      const end = store.onChange(params.project, () => wakeUp.ring())
      try {
        const reader = createReader(deps, params.project, stream)
        await reader.begin(asked)
        while (!stream.signal.aborted) {
          if (!(await reader.send())) break
          await wakeUp.wait(lookAgainMs, stream.signal)
        }
      } finally {
        end()
        stream.end()
      }
    },
  }
}

function readPosition(header: string | string[] | undefined): number | undefined {
  return typeof header === "string" && /^\d{1,15}$/.test(header) ? Number(header) : undefined
}

/** Sends what happened after a position. What the log no longer holds is answered by a `reset`: read everything anew. */
function createReader({ store, now }: AppDeps, project: string, stream: EventStream) {
  let position = 0
  let since = ""
  /** What was last sent of each run, to tell changes without a transition (findings, attempts) from none. */
  const sent = new Map<string, number>()

  const emit = (event: ProjectEvent) => stream.send({ event: event.type, id: String(event.seq), data: event })

  async function sendRun(row: RunRow, seq: number): Promise<void> {
    if (row.updated > since) since = row.updated
    if (sent.get(row.id) === row.revision) return
    sent.set(row.id, row.revision)
    await emit({ type: "run", seq, run: await readRunEntity(store, row) })
  }

  async function sendTransitions(): Promise<void> {
    for (;;) {
      const rows = await store.runs.transitionsAfter(project, position, batchSize)
      for (const row of newestPerRun(rows)) {
        const run = await store.runs.get(project, row.run)
        if (run !== undefined) await sendRun(run, row.seq)
        else if (row.state === "DELETED") await emit({ type: "deleted", seq: row.seq, run: row.run })
        if (run === undefined) sent.delete(row.run)
      }
      position = rows.at(-1)?.seq ?? position
      if (rows.length < batchSize || stream.signal.aborted) return
    }
  }

  async function sendOthers(): Promise<void> {
    const from = new Date(Date.parse(since) - overlapMs).toISOString()
    for (let page = 0; ; page += 1) {
      const { rows } = await store.runs.list(project, {
        page,
        size: batchSize,
        updated: { from },
        sort: [{ field: "updated", descending: false }],
      })
      const changed = rows.filter((row) => sent.get(row.id) !== row.revision)
      for (const { id } of changed) {
        const run = await store.runs.get(project, id)
        if (run !== undefined) await sendRun(run, position)
      }
      if (rows.length < batchSize || stream.signal.aborted) break
    }
    if (sent.size > rememberedRuns) sent.clear()
  }

  return {
    async begin(asked: number | undefined): Promise<void> {
      const { first, last } = await store.runs.transitionRange(project)
      since = now().toISOString()
      position = asked ?? last
      if (asked !== undefined && asked <= last && asked >= first - 1) return
      position = last
      await emit({ type: "reset", seq: last })
    },
    /** False once the client has gone. */
    async send(): Promise<boolean> {
      await sendTransitions()
      await sendOthers()
      return !stream.signal.aborted
    },
  }
}

/** A run that moved twice is sent once, as it is now, at its latest place. */
function newestPerRun(rows: readonly TransitionRow[]): readonly TransitionRow[] {
  const newest = new Map(rows.map((row) => [row.run, row.seq]))
  return rows.filter((row) => newest.get(row.run) === row.seq)
}
