/** One entry of an archive to be written. */
export type PackEntry =
  | { readonly kind: "file"; readonly path: string; readonly executable: boolean; readonly body: Uint8Array }
  | { readonly kind: "symlink"; readonly path: string; readonly target: string }

const blockSize = 512
const encoder = new TextEncoder()

/**
 * A tar archive (ustar, with a pax header only for names that do not fit) whose bytes depend on names, contents and
 * the executable bit alone: sorted by path, no times, no owners.
 */
export function writeTar(entries: readonly PackEntry[]): Uint8Array {
  const blocks: Uint8Array[] = []
  for (const entry of entries.toSorted((a, b) => (a.path < b.path ? -1 : 1))) blocks.push(...writeEntry(entry))
  blocks.push(new Uint8Array(2 * blockSize))
  return concat(blocks)
}

function writeEntry(entry: PackEntry): readonly Uint8Array[] {
  const place = splitPath(entry.path)
  const target = entry.kind === "symlink" ? entry.target : ""
  const long = [
    ...(place === undefined ? [["path", entry.path] as const] : []),
    ...(byteLength(target) > 100 ? [["linkpath", target] as const] : []),
  ]
  const header = writeHeader({
    ...(place ?? { prefix: "", name: cut(entry.path) }),
    mode: entry.kind === "file" && !entry.executable ? 0o644 : 0o755,
    size: entry.kind === "file" ? entry.body.length : 0,
    type: entry.kind === "file" ? "0" : "2",
    target: cut(target),
  })
  return [...(long.length === 0 ? [] : writePax(long)), header, ...(entry.kind === "file" ? [padded(entry.body)] : [])]
}

function writePax(records: readonly (readonly [string, string])[]): readonly Uint8Array[] {
  const body = encoder.encode(records.map(([key, value]) => paxRecord(key, value)).join(""))
  const header = writeHeader({ name: "pax", prefix: "", mode: 0o644, size: body.length, type: "x", target: "" })
  return [header, padded(body)]
}

/** `<length> <key>=<value>\n`, where the length counts its own digits. */
function paxRecord(key: string, value: string): string {
  const rest = byteLength(` ${key}=${value}\n`)
  let length = rest
  while (length !== rest + String(length).length) length = rest + String(length).length
  return `${length} ${key}=${value}\n`
}

interface Header {
  readonly name: string
  readonly prefix: string
  readonly mode: number
  readonly size: number
  readonly type: string
  readonly target: string
}

function writeHeader(header: Header): Uint8Array {
  const block = new Uint8Array(blockSize)
  const put = (text: string, offset: number) => block.set(encoder.encode(text), offset)
  const octal = (value: number, width: number) => `${value.toString(8).padStart(width - 1, "0")}\0`
  put(header.name, 0)
  put(octal(header.mode, 8), 100)
  put(octal(0, 8), 108)
  put(octal(0, 8), 116)
  put(octal(header.size, 12), 124)
  put(octal(0, 12), 136)
  put("        ", 148)
  put(header.type, 156)
  put(header.target, 157)
  put("ustar\0", 257)
  put("00", 263)
  put(header.prefix, 345)
  const sum = block.reduce((total, byte) => total + byte, 0)
  put(`${sum.toString(8).padStart(6, "0")}\0 `, 148)
  return block
}

/** ustar keeps 100 bytes of name and 155 of folders before it; undefined when the path does not fit so. */
function splitPath(path: string): { readonly prefix: string; readonly name: string } | undefined {
  if (byteLength(path) <= 100) return { prefix: "", name: path }
  for (let slash = path.indexOf("/"); slash > 0; slash = path.indexOf("/", slash + 1)) {
    const [prefix, name] = [path.slice(0, slash), path.slice(slash + 1)]
    if (byteLength(prefix) <= 155 && byteLength(name) <= 100 && name !== "") return { prefix, name }
  }
  return undefined
}

/** What a reader without pax would see: at most 100 bytes, whole characters. */
function cut(text: string): string {
  let end = Math.min(text.length, 100)
  while (byteLength(text.slice(0, end)) > 100) end -= 1
  return text.slice(0, end)
}

function byteLength(text: string): number {
  return encoder.encode(text).length
}

function padded(body: Uint8Array): Uint8Array {
  const block = new Uint8Array(Math.ceil(body.length / blockSize) * blockSize)
  block.set(body)
  return block
}

function concat(blocks: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(blocks.reduce((sum, block) => sum + block.length, 0))
  let offset = 0
  for (const block of blocks) {
    whole.set(block, offset)
    offset += block.length
  }
  return whole
}
