import type { Executor, LogChunk, LogSource } from "@berth/spec"
import type { LogAppend, LogKey, LogStore } from "../store/store.ts"
import { LogBuffer, parseResume } from "./log-buffer.ts"
import type { Patterns } from "./mask.ts"
import { backOffMs } from "./queue.ts"
import { sleep, within } from "./wait.ts"

export interface LogStreamOptions {
  readonly logs: LogStore
  readonly executor: Pick<Executor, "logs">
  /** What is masked; read anew whenever reading begins. */
  patterns(project: string): Promise<Patterns>
  /** How many bytes the streams of the attempt may still keep, given how long this one is. */
  room(length: number): number
  onError(error: unknown): void
  random(): number
  /** Aborted when the server ends: what is whole is stored, the rest is read again. */
  readonly signal: AbortSignal
}

const batchBytes = 64 * 1024
const batchMs = 50
const tailBytes = 4096

/** One source on its way into the store: followed from where the store ends, through failures of either side. */
export class LogStream {
  /** Resolves when the source has ended and every byte of it is stored or in {@link LogStream.rest}. */
  readonly ended: Promise<"ended">
  /** Chunks that came. */
  received = 0
  /** The attempt's log was cut here. */
  truncated = false
  /** Why bytes are missing, once per gap. */
  readonly gaps: string[] = []
  readonly #source: LogSource
  readonly #key: LogKey
  readonly #options: LogStreamOptions
  readonly #stop = new AbortController()
  readonly #signal: AbortSignal
  readonly #done: Promise<void>
  #buffer: LogBuffer | undefined
  #tail: Buffer = Buffer.alloc(0)

  constructor(source: LogSource, options: LogStreamOptions) {
    const { attempt, instance, container } = source
    this.#source = source
    this.#key = { project: attempt.project, run: attempt.run, attempt: attempt.number, instance, container }
    this.#options = options
    this.#signal = AbortSignal.any([options.signal, this.#stop.signal])
    const { promise, resolve } = Promise.withResolvers<"ended">()
    this.ended = promise
    this.#done = this.#followThroughFailures(() => resolve("ended"))
  }

  /** The end of the log that is not stored yet; to be stored with the final state. */
  rest(): LogAppend {
    return { ...this.#key, chunks: this.#buffer?.peek() ?? [] }
  }

  /** The last bytes of the stream. */
  tail(): Buffer {
    return this.#tailWith(this.#buffer?.peek() ?? [])
  }

  /** Reads no further; `rest` ends with a gap that says why. */
  async giveUp(reason: string): Promise<void> {
    await this.close()
    this.#buffer ??= (await this.#open()).buffer
    this.#buffer.markGap(reason)
    this.gaps.push(reason)
  }

  /** Reads no further and resolves when nothing is under way. */
  async close(): Promise<void> {
    this.#stop.abort()
    await this.#done
  }

  async #followThroughFailures(ended: () => void): Promise<void> {
    for (let failures = 1; !this.#signal.aborted; failures++) {
      try {
        await this.#follow()
        return this.#signal.aborted ? undefined : ended()
      } catch (error) {
        if (this.#signal.aborted) return
        this.#options.onError(error)
        await sleep(backOffMs(failures, this.#options.random()), this.#signal)
      }
    }
  }

  async #follow(): Promise<void> {
    const { buffer, cursor } = await this.#open()
    this.#buffer = buffer
    this.truncated = buffer.length > 0 && this.#options.room(buffer.length) <= 0
    if (this.truncated) return
    const resume = cursor === undefined ? {} : { resume: cursor }
    const logs = this.#options.executor.logs(this.#source, { ...resume, signal: this.#signal })
    const chunks = logs[Symbol.asyncIterator]()
    try {
      await this.#pump(chunks, buffer)
    } finally {
      await chunks.return?.()
    }
    if (this.#signal.aborted) return await this.#flush(buffer)
    buffer.end()
    this.#cut(buffer)
  }

  async #open(): Promise<{ buffer: LogBuffer; cursor?: string }> {
    const { logs, patterns } = this.#options
    const key = this.#key
    const streams = await logs.streams(key.project, key.run)
    const stream = streams.find((other) => isSameStream(other, key))
    const length = stream?.length ?? 0
    const resume = parseResume(stream?.resume ?? "")
    const last = length === 0 ? [] : await logs.read(key, Math.max(0, length - tailBytes), tailBytes)
    this.#tail = Buffer.concat(last.map(({ bytes }) => bytes)).subarray(-tailBytes)
    const lastByte = this.#tail.at(-1)
    const buffer = new LogBuffer({
      patterns: await patterns(key.project),
      length,
      resume,
      ...(lastByte !== undefined && { lastByte }),
    })
    return { buffer, ...(resume.cursor !== undefined && { cursor: resume.cursor }) }
  }

  /** Stores in batches; the executor is asked for more only when what it gave is taken care of. */
  async #pump(chunks: AsyncIterator<LogChunk>, into: LogBuffer): Promise<void> {
    let next = ahead(chunks)
    let batchSince = 0
    for (;;) {
      const step = into.size === 0 ? await next : await within(next, batchSince + batchMs - Date.now())
      if (step === "late" || into.size >= batchBytes) await this.#flush(into)
      if (step === "late") continue
      if (step.done === true) return
      if (into.size === 0) batchSince = Date.now()
      this.#take(step.value, into)
      if (this.#cut(into)) return
      next = ahead(chunks)
    }
  }

  #take(chunk: LogChunk, into: LogBuffer): void {
    this.received++
    if (chunk.gap !== undefined) this.gaps.push(chunk.gap)
    into.push(chunk)
  }

  async #flush(from: LogBuffer): Promise<void> {
    const chunks = from.peek()
    if (chunks.length === 0) return
    await this.#options.logs.append([{ ...this.#key, chunks }])
    this.#tail = this.#tailWith(chunks)
    from.stored()
  }

  #tailWith(chunks: LogAppend["chunks"]): Buffer {
    return Buffer.from(Buffer.concat([this.#tail, ...chunks.map(({ bytes }) => bytes)]).subarray(-tailBytes))
  }

  /** True when the attempt has written all that is kept of it. */
  #cut(buffer: LogBuffer): boolean {
    const limit = buffer.length + this.#options.room(buffer.length)
    if (buffer.length <= limit) return false
    buffer.cutAt(limit)
    this.#options.room(buffer.length)
    buffer.markGap("the log reached its limit")
    this.truncated = true
    return true
  }
}

/** The next chunk, asked for ahead: if nobody waits for it any more, its failure concerns nobody. */
function ahead(chunks: AsyncIterator<LogChunk>): Promise<IteratorResult<LogChunk>> {
  const next = chunks.next()
  next.catch(() => undefined)
  return next
}

function isSameStream(a: LogKey, b: LogKey): boolean {
  return a.attempt === b.attempt && a.instance === b.instance && a.container === b.container
}
