/** One entry of an archive: a place below the folder it is unpacked to. */
export type TarEntry =
  | { readonly kind: "file"; readonly path: string; readonly executable: boolean; readonly body: Uint8Array }
  | { readonly kind: "folder"; readonly path: string }
  | { readonly kind: "symlink"; readonly path: string; readonly target: string }

/** An archive that is broken, or that would write where it must not. The message names the entry. */
export class TarError extends Error {
  constructor(message: string) {
    super(message)
    this.name = "TarError"
  }
}

const blockSize = 512
const notUtf8 = "The archive holds a name that is not UTF-8."

/** The fields of an entry. Names may be cut inside a character where an extension header has the whole. */
interface Header {
  readonly name: string
  readonly linkName: string
  readonly size: number
  readonly mode: number
  readonly type: string
}

/** What an extension header (pax, GNU long names) says about the entry that follows it. */
interface Override {
  readonly path?: string
  readonly linkpath?: string
  readonly size?: number
}

/**
 * Reads a whole tar archive (ustar with pax or GNU names) and checks it; nothing is written.
 *
 * Refused: absolute paths, `..`, links that leave the folder, paths through links, devices, names given twice,
 * more than `maxEntries` entries.
 */
export function readTar(archive: Uint8Array, maxEntries: number): readonly TarEntry[] {
  const entries = new Map<string, TarEntry>()
  for (const entry of parseEntries(archive)) {
    const earlier = entries.get(entry.path)
    if (earlier !== undefined && !(earlier.kind === "folder" && entry.kind === "folder")) {
      throw new TarError(`${show(entry.path)} is in the archive twice.`)
    }
    entries.set(entry.path, entry)
    if (entries.size > maxEntries) throw new TarError(`The archive holds more than ${maxEntries} files and folders.`)
  }
  for (const path of entries.keys()) refuseBelowNonFolder(path, entries)
  return [...entries.values()]
}

function refuseBelowNonFolder(path: string, entries: ReadonlyMap<string, TarEntry>): void {
  for (let slash = path.indexOf("/"); slash !== -1; slash = path.indexOf("/", slash + 1)) {
    const parent = entries.get(path.slice(0, slash))
    if (parent === undefined || parent.kind === "folder") continue
    throw new TarError(`${show(path)} lies below ${show(parent.path)}, which is a ${parent.kind}.`)
  }
}

function* parseEntries(archive: Uint8Array): Generator<TarEntry> {
  const bodies = new Map<string, Uint8Array>()
  let override: Override = {}
  for (let offset = 0; offset + blockSize <= archive.length; ) {
    const block = archive.subarray(offset, offset + blockSize)
    if (block.every((byte) => byte === 0)) return
    const header = parseHeader(block)
    const size = override.size ?? header.size
    const body = readBody(archive, { offset: offset + blockSize, size, name: header.name })
    offset += blockSize + Math.ceil(size / blockSize) * blockSize
    const extension = readExtension(header, body)
    if (extension !== undefined) {
      override = { ...override, ...extension }
      continue
    }
    const entry = toEntry(header, override, { body, bodies })
    override = {}
    if (entry === undefined) continue
    if (entry.kind === "file") bodies.set(entry.path, entry.body)
    yield entry
  }
}

function readBody(
  archive: Uint8Array,
  at: { readonly offset: number; readonly size: number; readonly name: string },
): Uint8Array {
  if (at.offset + at.size <= archive.length) return archive.subarray(at.offset, at.offset + at.size)
  throw new TarError(`The archive ends in the middle of ${show(at.name)}.`)
}

function toEntry(
  header: Header,
  override: Override,
  from: { readonly body: Uint8Array; readonly bodies: ReadonlyMap<string, Uint8Array> },
): TarEntry | undefined {
  const path = parsePath(override.path ?? whole(header.name))
  const target = override.linkpath ?? whole(header.linkName)
  const executable = (header.mode & 0o100) !== 0
  switch (header.type) {
    case "0":
    case "\0":
    case "7":
      if (path === "") throw new TarError("The archive holds a file without a name.")
      return { kind: "file", path, executable, body: from.body }
    case "5":
      return path === "" ? undefined : { kind: "folder", path }
    case "2":
      return { kind: "symlink", path, target: parseTarget(path, target) }
    case "1": {
      const body = from.bodies.get(parsePath(target))
      if (body === undefined)
        throw new TarError(`${show(path)} is a link to ${show(target)}, which is no earlier file.`)
      return { kind: "file", path, executable, body }
    }
    default:
      throw new TarError(`${show(path)} is neither a file, a folder nor a link (type ${show(header.type)}).`)
  }
}

/** The path without `.` and empty parts; what would leave the folder is refused. */
function parsePath(path: string): string {
  if (path.startsWith("/")) throw new TarError(`${show(path)} is an absolute path.`)
  const parts = path.split("/").filter((part) => part !== "" && part !== ".")
  if (parts.includes("..")) throw new TarError(`${show(path)} leads out of the folder.`)
  if (path.includes("\0") || parts.some((part) => Buffer.byteLength(part) > 255) || path.length > 4000) {
    throw new TarError(`${show(path.slice(0, 80))} is no usable file name.`)
  }
  return parts.join("/")
}

/**
 * A target stays inside when its `..` come first and are no more than the folders above the link: what follows cannot
 * climb, and a link that it passes through stays inside by the same rule.
 */
function parseTarget(path: string, target: string): string {
  const parts = target.split("/").filter((part) => part !== "" && part !== ".")
  const climbs = parts.findIndex((part) => part !== "..")
  const up = climbs === -1 ? parts.length : climbs
  const depth = path.split("/").length - 1
  const escapes = target === "" || target.startsWith("/") || target.includes("\0") || up > depth
  if (path === "" || escapes || parts.slice(up).includes("..")) {
    throw new TarError(`${show(path)} links to ${show(target)}, which is not surely inside the folder.`)
  }
  return target
}

function parseHeader(block: Uint8Array): Header {
  const sum = block.reduce((total, byte, index) => total + (index >= 148 && index < 156 ? 32 : byte), 0)
  if (sum !== parseOctal(block.subarray(148, 156)))
    throw new TarError("The archive is damaged: a header's sum is wrong.")
  const isUstar = text(block.subarray(257, 262)) === "ustar"
  const prefix = isUstar && block[263] === 0x30 ? text(block.subarray(345, 500)) : ""
  const name = text(block.subarray(0, 100))
  return {
    name: prefix === "" ? name : `${prefix}/${name}`,
    linkName: text(block.subarray(157, 257)),
    size: parseOctal(block.subarray(124, 136)),
    mode: parseOctal(block.subarray(100, 108)),
    type: String.fromCharCode(block[156] ?? 0),
  }
}

/** The members of an extension header; undefined for an entry of its own. */
function readExtension(header: Header, body: Uint8Array): Override | undefined {
  switch (header.type) {
    case "g":
      return {}
    case "x":
      return parsePax(body)
    case "L":
      return { path: whole(text(body)) }
    case "K":
      return { linkpath: whole(text(body)) }
    default:
      return undefined
  }
}

/** Records `<length> <key>=<value>\n`, the length in bytes of the whole record. */
function parsePax(body: Uint8Array): Override {
  const known: Record<string, string> = {}
  for (let offset = 0; offset < body.length; ) {
    const space = body.indexOf(0x20, offset)
    const digits = space === -1 ? "" : text(body.subarray(offset, space))
    const length = /^[1-9]\d{0,8}$/.test(digits) ? Number(digits) : body.length + 1
    const record = body.subarray(space + 1, offset + length - 1)
    const equals = record.indexOf(0x3d)
    if (offset + length > body.length || equals === -1) {
      throw new TarError("The archive is damaged: a pax header is broken.")
    }
    known[decode(record.subarray(0, equals))] = decode(record.subarray(equals + 1))
    offset += length
  }
  if (Object.keys(known).some((key) => key.startsWith("GNU.sparse")))
    throw new TarError("Sparse files are not supported.")
  return {
    ...(known.path !== undefined && { path: known.path }),
    ...(known.linkpath !== undefined && { linkpath: known.linkpath }),
    ...(known.size !== undefined && { size: parseSize(known.size) }),
  }
}

function parseSize(size: string): number {
  if (/^\d{1,15}$/.test(size)) return Number(size)
  throw new TarError(`The archive is damaged: ${show(size)} is no size.`)
}

function parseOctal(field: Uint8Array): number {
  const digits = text(field).trim()
  if (/^[0-7]{0,12}$/.test(digits)) return Number.parseInt(digits || "0", 8)
  throw new TarError("The archive is damaged: a number in a header is not octal.")
}

/** A field up to its first NUL. */
function text(field: Uint8Array): string {
  const end = field.indexOf(0)
  return new TextDecoder().decode(end === -1 ? field : field.subarray(0, end))
}

function whole(name: string): string {
  if (!name.includes("\ufffd")) return name
  throw new TarError(notUtf8)
}

function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    throw new TarError(notUtf8)
  }
}

function show(value: string): string {
  return JSON.stringify(value)
}
