/** One event of a stream of server-sent events. */
export interface ServerSentEvent {
  /** The last id seen, for `Last-Event-ID`. `""` before the first. */
  readonly id: string
  /** Default `message`. */
  readonly event: string
  readonly data: string
}

/**
 * Reads a stream of server-sent events, as HTML's event streams are defined: lines end in CR, LF or CRLF, comments and
 * unknown fields are skipped, an event without data is no event. An event that the stream cuts off is dropped.
 */
export async function* readServerSentEvents(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<ServerSentEvent> {
  let id = ""
  let event = ""
  let data: string[] = []
  for await (const line of readLines(bytes)) {
    if (line === "") {
      if (data.length > 0) yield { id, event: event === "" ? "message" : event, data: data.join("\n") }
      event = ""
      data = []
      continue
    }
    const colon = line.indexOf(":")
    const field = colon === -1 ? line : line.slice(0, colon)
    const value = colon === -1 ? "" : line.slice(colon + 1).replace(/^ /, "")
    if (field === "data") data.push(value)
    else if (field === "event") event = value
    else if (field === "id" && !value.includes("\0")) id = value
  }
}

/** Whole lines only; a line end may be cut anywhere, also between CR and LF, a character anywhere too. */
async function* readLines(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder("utf-8")
  let rest = ""
  for await (const chunk of bytes) {
    rest += decoder.decode(chunk, { stream: true })
    const lines = rest.split(/\r\n|\n|\r(?!$)/)
    rest = lines.pop() ?? ""
    yield* lines
  }
  if (rest.endsWith("\r")) yield rest.slice(0, -1)
}
