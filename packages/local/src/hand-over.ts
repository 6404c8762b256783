import { LaunchRefused } from "./engine.ts"

/** One word of sh that stands for exactly this text. */
export function quote(text: string): string {
  if (text.includes("\0")) throw new LaunchRefused("A NUL character cannot be part of a command or a variable.")
  return `'${text.replaceAll("'", `'\\''`)}'`
}

/** Variables that a shell gives a meaning of its own, or refuses to take. */
const shellOwn = new Set(
  "IFS OPTIND OPTARG PPID UID EUID LINENO PS1 PS2 PS4 PWD OLDPWD ENV MAIL MAILPATH HISTSIZE TERM _ RANDOM SECONDS SHELLOPTS BASHOPTS GROUPS DIRSTACK FUNCNAME SHLVL".split(
    " ",
  ),
)

/** True when sh can export the variable unchanged. */
export function isShellName(name: string): boolean {
  return /^[A-Za-z_][A-Za-z0-9_]*$/.test(name) && !shellOwn.has(name) && !/^(BASH|_berth)/.test(name)
}

export interface ProgramText {
  readonly command: readonly string[]
  readonly environment: Readonly<Record<string, string>>
  readonly workingDirectory: string
  /** Words before the program's own that restore default signals, if this machine can. */
  readonly resetSignals: readonly string[]
  /** Words of the program that adds the variables of file descriptor 7. */
  readonly loader: readonly string[]
}

/** The text that a program's first process evaluates: directory, variables, arguments, and how to become them. */
export function toInnerText(program: ProgramText): string {
  const exports = Object.entries(program.environment)
    .filter(([name]) => isShellName(name))
    .map(([name, value]) => `export ${name}=${quote(value)}`)
  return [
    `cd ${quote(program.workingDirectory)} || exit 126`,
    "unset PWD OLDPWD SHLVL",
    ...exports,
    `execute() { ${executeLine(program)}; }`,
    `set -- ${program.command.map(quote).join(" ")}`,
    "#complete",
  ].join("\n")
}

function executeLine(program: ProgramText): string {
  const needsLoader = Object.keys(program.environment).some((name) => !isShellName(name))
  const assigns = program.command[0]?.includes("=") === true
  const before = [...(needsLoader ? program.loader : []), ...(assigns ? [] : program.resetSignals)]
  const closed = needsLoader ? "" : " 7<&-"
  return `exec ${before.map(quote).join(" ")} "$@" >&6 2>&6 5>&- 6>&-${closed}`
}

/** The variables that sh cannot hold, for file descriptor 7: `NAME=VALUE` and a NUL each. */
export function toOddVariables(environment: Readonly<Record<string, string>>): string {
  const odd = Object.entries(environment).filter(([name]) => !isShellName(name))
  for (const [, value] of odd) quote(value)
  return odd.map(([name, value]) => `${name}=${value}\0`).join("")
}

/** A pipe holds this many bytes without a reader. */
export const pipeBytes = 65_536

/** The word list that turns file descriptor 7 into variables and becomes the rest of the words. */
export function loaderWords(perl: string | undefined, node: string): readonly string[] {
  if (perl !== undefined) {
    const program =
      'open(my $f, "<&=7"); local $/ = "\\0"; while (<$f>) { chomp; my ($k, $v) = split(/=/, $_, 2); $ENV{$k} = $v } close $f; exec { $ARGV[0] } @ARGV; exit 127'
    return [perl, "-e", program, "--"]
  }
  const program =
    'const fs=require("fs");const env={...process.env};for(const p of fs.readFileSync(7,"utf8").split("\\0")){const i=p.indexOf("=");if(i>0)env[p.slice(0,i)]=p.slice(i+1)}fs.closeSync(7);const [c,...a]=process.argv.slice(1);const f=c.includes("/")?c:(env.PATH??"").split(":").map((d)=>d+"/"+c).find((x)=>fs.existsSync(x))??c;process.execve(f,[c,...a],env)'
  return [node, "-e", program, "--"]
}
