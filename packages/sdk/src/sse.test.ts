import * as fc from "fast-check"
import { expect, test } from "vitest"
import { readServerSentEvents, type ServerSentEvent } from "./sse.ts"

async function* cut(bytes: Uint8Array, cuts: readonly number[]): AsyncGenerator<Uint8Array> {
  const places = [0, ...cuts.map((place) => place % (bytes.length + 1)).sort((a, b) => a - b), bytes.length]
  for (let index = 1; index < places.length; index += 1) yield bytes.slice(places[index - 1], places[index])
}

async function read(text: string, cuts: readonly number[] = []): Promise<readonly ServerSentEvent[]> {
  return await Array.fromAsync(readServerSentEvents(cut(new TextEncoder().encode(text), cuts)))
}

test.each([
  ["one event", "data: a\n\n", [{ id: "", event: "message", data: "a" }]],
  ["all fields", "id: 7\nevent: run\ndata: {}\n\n", [{ id: "7", event: "run", data: "{}" }]],
  ["several data lines", "data: a\ndata:b\ndata:  c\n\n", [{ id: "", event: "message", data: "a\nb\n c" }]],
  ["a comment and an unknown field", ": ping\nretry: 5\ncolour: red\n\n", []],
  ["no data, no event", "event: run\n\ndata: x\n\n", [{ id: "", event: "message", data: "x" }]],
  [
    "an id stays",
    "id: 1\ndata: a\n\ndata: b\n\n",
    [
      { id: "1", event: "message", data: "a" },
      { id: "1", event: "message", data: "b" },
    ],
  ],
  [
    "an id with NUL is no id",
    "id: 1\ndata: a\n\nid: 2\0\ndata: b\n\n",
    [
      { id: "1", event: "message", data: "a" },
      { id: "1", event: "message", data: "b" },
    ],
  ],
  ["a field without a colon", "data\n\n", [{ id: "", event: "message", data: "" }]],
  [
    "CR and CRLF",
    "data: a\r\rdata: b\r\n\r\n",
    [
      { id: "", event: "message", data: "a" },
      { id: "", event: "message", data: "b" },
    ],
  ],
  ["an event cut off by the end", "data: a\n\ndata: b\n", [{ id: "", event: "message", data: "a" }]],
  ["a byte order mark", "\ufeffdata: a\n\n", [{ id: "", event: "message", data: "a" }]],
])("%s", async (_, text, events) => {
  expect(await read(text)).toEqual(events)
})

test("events come out as they went in, wherever the bytes are cut", async () => {
  const line = fc.string({ unit: "grapheme" }).map((text) => text.replace(/[\r\n]/g, ""))
  const event = fc.record({ id: line.map((id) => id.replaceAll("\0", "")), data: fc.array(line, { minLength: 1 }) })
  const end = fc.constantFrom("\n", "\r\n", "\r")
  await fc.assert(
    fc.asyncProperty(fc.array(event), end, fc.array(fc.nat()), async (events, lineEnd, cuts) => {
      const lines = events.flatMap(({ id, data }) => [`id: ${id}`, ...data.map((each) => `data: ${each}`), ""])
      const text = lines.map((each) => each + lineEnd).join("")
      const expected = events.map(({ id, data }) => ({ id, event: "message", data: data.join("\n") }))
      expect(await read(text, cuts)).toEqual(expected)
    }),
  )
})
