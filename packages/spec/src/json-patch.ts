import type { PatchOperation } from "./finding.ts"
import { isJsonObject, type Json, type JsonObject } from "./json.ts"

/**
 * Applies the operations of a JSON Patch (RFC 6902) in order and gives the changed copy; the document stays as it is.
 *
 * @throws RangeError when an operation names a place that does not exist, or a `test` fails.
 */
export function applyPatch(document: JsonObject, patch: readonly PatchOperation[]): JsonObject {
  let changed: Json = structuredClone(document)
  for (const operation of patch) changed = applyOperation(changed, operation)
  if (!isJsonObject(changed)) throw new RangeError("The patch leaves no object.")
  return changed
}

function applyOperation(document: Json, operation: PatchOperation): Json {
  switch (operation.op) {
    case "add":
    case "replace":
      return write(document, { op: operation.op, path: operation.path }, operation.value)
    case "remove":
      return remove(document, operation.path)
    case "move": {
      const value = read(document, operation.from)
      return write(remove(document, operation.from), { op: "add", path: operation.path }, value)
    }
    case "copy":
      return write(document, { op: "add", path: operation.path }, structuredClone(read(document, operation.from)))
    case "test":
      if (JSON.stringify(read(document, operation.path)) !== JSON.stringify(operation.value)) {
        throw new RangeError(`${operation.path} is not what the patch expects.`)
      }
      return document
  }
}

function parsePointer(pointer: string): string[] {
  if (pointer === "") return []
  if (!pointer.startsWith("/")) throw new RangeError(`${JSON.stringify(pointer)} is no JSON Pointer.`)
  return pointer
    .slice(1)
    .split("/")
    .map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"))
}

function child(parent: Json, member: string, pointer: string): Json {
  const value = Array.isArray(parent)
    ? parent[listIndex(parent, member, pointer)]
    : isJsonObject(parent) && Object.hasOwn(parent, member)
      ? parent[member]
      : undefined
  if (value === undefined) throw new RangeError(`${pointer} does not exist.`)
  return value
}

function listIndex(list: readonly Json[], member: string, pointer: string): number {
  if (member === "-") return list.length
  const index = /^(0|[1-9]\d*)$/.test(member) ? Number(member) : -1
  if (index < 0 || index > list.length) throw new RangeError(`${pointer} does not exist.`)
  return index
}

function read(document: Json, pointer: string): Json {
  return parsePointer(pointer).reduce((value, member) => child(value, member, pointer), document)
}

/** The container that a pointer's last member belongs to. */
function parentOf(document: Json, pointer: string): { parent: Json; member: string } {
  const parts = parsePointer(pointer)
  const member = parts.pop()
  if (member === undefined) throw new RangeError("A patch cannot replace the whole document.")
  return { parent: parts.reduce((value, part) => child(value, part, pointer), document), member }
}

function write(
  document: Json,
  { op, path }: { readonly op: "add" | "replace"; readonly path: string },
  value: Json,
): Json {
  const { parent, member } = parentOf(document, path)
  if (op === "replace") child(parent, member, path)
  if (Array.isArray(parent)) {
    parent.splice(listIndex(parent, member, path), op === "replace" ? 1 : 0, value)
  } else if (isJsonObject(parent)) {
    Object.defineProperty(parent, member, { value, enumerable: true, configurable: true, writable: true })
  } else {
    throw new RangeError(`${path} does not exist.`)
  }
  return document
}

function remove(document: Json, pointer: string): Json {
  const { parent, member } = parentOf(document, pointer)
  child(parent, member, pointer)
  if (Array.isArray(parent)) parent.splice(listIndex(parent, member, pointer), 1)
  else if (isJsonObject(parent)) delete parent[member]
  return document
}
