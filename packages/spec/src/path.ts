/**
 * Where in a user's document something stands: member names and list indexes from the document's root.
 *
 * Member names are kept exactly as the user wrote them (snake_case, camelCase, a historic alias).
 */
export type Path = readonly (string | number)[]

const plainMember = /^[A-Za-z_$][A-Za-z0-9_$-]*$/

/**
 * Prints a path the way people read it: `volumes[2].mount_path`, `node_selector["a.b/c"]`.
 * An empty path prints as the empty string.
 */
export function formatPath(path: Path): string {
  let text = ""
  for (const part of path) {
    if (typeof part === "number") text += `[${part}]`
    else if (plainMember.test(part)) text += text === "" ? part : `.${part}`
    else text += `[${JSON.stringify(part)}]`
  }
  return text
}

/** The path as a JSON Pointer (RFC 6901), as a JSON Patch wants it. */
export function toPointer(path: Path): string {
  return path.map((part) => `/${String(part).replaceAll("~", "~0").replaceAll("/", "~1")}`).join("")
}
