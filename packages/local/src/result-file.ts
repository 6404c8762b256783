import { constants } from "node:fs"
import { open } from "node:fs/promises"
import { maxResultBytes } from "@berth/spec"

/** A result as its JSON may be this large, with the envelope or an error's traceback around it. */
const maxFileBytes = 2 * maxResultBytes

/**
 * What a runner left, parsed as JSON; undefined when there is nothing, or nothing that a runner writes.
 *
 * The file lies where the user's program could write: it may be a link, a pipe or endless.
 */
export async function readResultFile(path: string): Promise<unknown> {
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK
  try {
    await using file = await open(path, flags)
    const { size } = await file.stat()
    if (!(await file.stat()).isFile() || size > maxFileBytes) return undefined
    return JSON.parse(await file.readFile("utf8"))
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (error instanceof SyntaxError || code === "ENOENT" || code === "ELOOP" || code === "ENXIO") return undefined
    throw error
  }
}
