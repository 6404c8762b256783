import type { Command } from "commander"

/** What can follow a command: its subcommands and options, by the words before. */
export interface CompletionNode {
  readonly words: readonly string[]
  readonly options: readonly string[]
  readonly children: Readonly<Record<string, CompletionNode>>
}

export const shells = ["bash", "zsh", "fish"] as const

export type Shell = (typeof shells)[number]

/** The command's tree as data. */
export function completionTree(command: Command): CompletionNode {
  const children = Object.fromEntries(command.commands.map((child) => [child.name(), completionTree(child)]))
  const options = command.options.flatMap((option) =>
    option.long === undefined || option.long === null ? [] : [option.long],
  )
  return { words: Object.keys(children), options, children }
}

/** The completion script of a shell; made from the tree, so that it never lags behind. */
export function completionScript(shell: Shell, tree: CompletionNode): string {
  const rows = flatten(tree, [])
  return scripts[shell](rows)
}

interface Row {
  /** Words before the one being completed, without the program's name. */
  readonly path: string
  readonly candidates: readonly string[]
}

function flatten(node: CompletionNode, path: readonly string[]): Row[] {
  const own = { path: path.join(" "), candidates: [...node.words, ...node.options] }
  return [own, ...Object.entries(node.children).flatMap(([name, child]) => flatten(child, [...path, name]))]
}

const scripts: Record<Shell, (rows: readonly Row[]) => string> = {
  bash: (rows) => `# eval "$(berth completion bash)"
_berth() {
  local current="\${COMP_WORDS[COMP_CWORD]}" path="" word
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$word" in -*) ;; *) path="\${path:+$path }$word" ;; esac
  done
  local candidates=""
  while :; do
    case "$path" in
${rows.map((row) => `      "${row.path}") candidates="${row.candidates.join(" ")}"; break ;;`).join("\n")}
    esac
    [ -n "$path" ] || break
    case "$path" in *" "*) path="\${path% *}" ;; *) path="" ;; esac
  done
  COMPREPLY=($(compgen -W "$candidates" -- "$current"))
  [ \${#COMPREPLY[@]} -gt 0 ] || COMPREPLY=($(compgen -f -- "$current"))
}
complete -o filenames -F _berth berth
`,
  zsh: (rows) => `#compdef berth
# eval "$(berth completion zsh)"
autoload -Uz bashcompinit && bashcompinit
${scripts.bash(rows)}`,
  fish: (rows) => `# berth completion fish | source
complete -c berth -e
${rows.flatMap(fishLines).join("\n")}
`,
}

function fishLines(row: Row): string[] {
  const depth = row.path === "" ? 0 : row.path.split(" ").length
  const condition =
    depth === 0
      ? "__fish_use_subcommand"
      : row.path
          .split(" ")
          .map((word) => `__fish_seen_subcommand_from ${word}`)
          .join("; and ")
  return row.candidates.map((candidate) =>
    candidate.startsWith("--")
      ? `complete -c berth -n "${condition}" -l ${candidate.slice(2)}`
      : `complete -c berth -n "${condition}" -f -a ${candidate}`,
  )
}
