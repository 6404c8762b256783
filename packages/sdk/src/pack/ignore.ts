/** One line of a `.gitignore`, ready to be matched. */
interface Pattern {
  readonly expression: RegExp
  readonly negated: boolean
  readonly foldersOnly: boolean
}

/** The patterns of one `.gitignore`, and the folder (relative to the root, `""` or with a slash at its end) it is in. */
export interface IgnoreFile {
  readonly folder: string
  readonly patterns: readonly Pattern[]
}

/** Reads a `.gitignore`. */
export function parseIgnore(text: string, folder: string): IgnoreFile {
  const lines = text.split(/\r?\n/).map((line) => line.replace(/(?<!\\)\s+$/, ""))
  return { folder, patterns: lines.filter((line) => line !== "" && !line.startsWith("#")).map(parsePattern) }
}

/** Whether a path is left out: the last pattern that matches decides, in the innermost file that has one. */
export function isIgnored(path: string, isFolder: boolean, files: readonly IgnoreFile[]): boolean {
  for (const { folder, patterns } of files.toReversed()) {
    if (!path.startsWith(folder)) continue
    const inside = path.slice(folder.length)
    const last = patterns.findLast((pattern) => (isFolder || !pattern.foldersOnly) && pattern.expression.test(inside))
    if (last !== undefined) return !last.negated
  }
  return false
}

function parsePattern(line: string): Pattern {
  const negated = line.startsWith("!")
  const body = line.replace(/^!/, "").replace(/^\\(?=[!#])/, "")
  const foldersOnly = body.endsWith("/")
  const glob = body.replace(/\/$/, "")
  // A slash anywhere but at the end ties the pattern to its folder; without one it matches at any depth.
  const anchored = glob.includes("/")
  const source = toExpression(glob.replace(/^\//, ""))
  return { expression: new RegExp(`^${anchored ? "" : "(?:.*/)?"}${source}$`, "s"), negated, foldersOnly }
}

function toExpression(glob: string): string {
  let source = ""
  for (let at = 0; at < glob.length; ) {
    const [length, piece] = nextPiece(glob, at)
    source += piece
    at += length
  }
  return source
}

/** How many characters of the glob make the next piece, and the piece as a regular expression. */
function nextPiece(glob: string, at: number): readonly [number, string] {
  const rest = glob.slice(at)
  if (rest.startsWith("**/") && (at === 0 || glob[at - 1] === "/")) return [3, "(?:.*/)?"]
  if (rest === "**" && (at === 0 || glob[at - 1] === "/")) return [2, ".*"]
  if (rest.startsWith("*")) return [1, "[^/]*"]
  if (rest.startsWith("?")) return [1, "[^/]"]
  const set = /^\[([!^]?)((?:\]|\\.|[^\]\\])(?:\\.|[^\]\\])*)\]/.exec(rest)
  if (set !== null) return [set[0].length, toSet(set[1] !== "", set[2] ?? "")]
  if (rest.startsWith("\\") && rest.length > 1) return [2, literal(rest.charAt(1))]
  return [1, literal(rest.charAt(0))]
}

function toSet(negated: boolean, members: string): string {
  return `(?!/)[${negated ? "^" : ""}${members.replace(/[[\]]/g, "\\$&").replace(/^\^/, "\\^")}]`
}

function literal(character: string): string {
  return character.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&")
}
