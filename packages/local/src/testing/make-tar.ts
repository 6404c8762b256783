/** One entry of an archive that a test makes, good or bad. */
export interface TestEntry {
  readonly name: string
  readonly type?: string
  readonly linkName?: string
  readonly body?: string | Uint8Array
  readonly mode?: number
  readonly pax?: Readonly<Record<string, string>>
}

/** What a test breaks in a header. */
export interface Broken {
  readonly nameBytes?: Uint8Array
  readonly size?: number
  readonly sizeText?: string
  readonly sum?: number
}

/** An archive with these entries in this order, times and owners zero. */
export function tarOf(entries: readonly TestEntry[]): Uint8Array {
  const blocks = entries.flatMap((entry) => [
    ...(entry.pax === undefined ? [] : [pax(paxRecords(entry.pax))]),
    header(entry),
    padded(entry.body ?? ""),
  ])
  return Buffer.concat([...blocks, Buffer.alloc(1024)])
}

export function header(entry: TestEntry, broken: Broken = {}): Uint8Array {
  const block = Buffer.alloc(512)
  Buffer.from(broken.nameBytes ?? Buffer.from(entry.name)).copy(block, 0, 0, 100)
  const octal = (value: number, width: number) => value.toString(8).padStart(width, "0")
  block.write(octal(entry.mode ?? 0o644, 7), 100)
  block.write(broken.sizeText ?? octal(broken.size ?? Buffer.from(entry.body ?? "").length, 11), 124)
  block.write(octal(0, 11), 136)
  block.write(entry.type ?? "0", 156)
  block.write((entry.linkName ?? "").slice(0, 100), 157)
  block.write("ustar\u000000", 257)
  block.fill(" ", 148, 156)
  const sum = broken.sum ?? block.reduce((total, byte) => total + byte, 0)
  block.write(`${octal(sum, 6)}\0 `, 148)
  return block
}

/** An extension header with these records as they are. */
export function pax(records: string): Uint8Array {
  return Buffer.concat([header({ name: "PaxHeader", type: "x", body: records }), padded(records)])
}

function paxRecords(values: Readonly<Record<string, string>>): string {
  return Object.entries(values)
    .map(([key, value]) => record(` ${key}=${value}\n`))
    .join("")
}

function record(rest: string): string {
  const bytes = Buffer.byteLength(rest)
  const guess = bytes + String(bytes).length
  return `${bytes + String(guess).length}${rest}`
}

function padded(body: string | Uint8Array): Uint8Array {
  const bytes = Buffer.from(body)
  return Buffer.concat([bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512)])
}
