import type { Code } from "@berth/spec"
import { platform } from "#platform"
import { toCode } from "./pack/code.ts"

/**
 * Where a handler's code is. At most 900 kB packed.
 *
 * `inline`: the text of one file, anywhere. `file`, `dir`: a path, in Node, relative to the working directory; a folder
 * travels without what `.gitignore` names. `packed`: what {@link packCode} made.
 */
export type CodeInput =
  | { readonly inline: string }
  | { readonly file: string }
  | { readonly dir: string }
  | { readonly packed: Code }

/**
 * Packs code as it travels with a function: one file as it is, a folder as a tar.gz. The same content gives the same
 * bytes.
 *
 * @throws BerthError `invalid` with the finding `code.too_large` above 900 kB packed, or `code.unreadable`;
 * `unsupported` for `file` and `dir` in a browser.
 */
export async function packCode(input: CodeInput): Promise<Code> {
  if ("inline" in input) return toCode({ form: "file", bytes: new TextEncoder().encode(input.inline) })
  if ("file" in input) return await platform.packFile(input.file)
  if ("dir" in input) return await platform.packFolder(input.dir)
  return input.packed
}
