import { join } from "node:path"
import type { Launch } from "./engine.ts"
import { loaderWords, quote, toInnerText } from "./hand-over.ts"
import type { Isolation } from "./isolation/isolation.ts"
import type { LimitHandle } from "./limits/mechanism.ts"
import { initScript, plainScript } from "./supervisor.ts"
import type { Tools } from "./tools.ts"

export interface LaunchTextRequest {
  readonly launch: Launch
  readonly isolation: Isolation
  readonly limits: LimitHandle
  readonly tools: Tools
}

/** What a supervisor and the program's first process are told. */
export interface LaunchText {
  /** The supervisor's settings: no value of a variable. */
  readonly settings: string
  /** The program's environment and words. */
  readonly inner: string
}

export function toLaunchText({ launch, isolation, limits, tools }: LaunchTextRequest): LaunchText {
  const { places } = launch
  const words = isolation.wrap({
    places,
    visible: launch.visible,
    volumes: launch.volumes,
    script: isolation.namespaces ? initScript : plainScript,
  })
  const inner = toInnerText({
    command: launch.command,
    environment: launch.environment,
    workingDirectory: launch.workingDirectory,
    resetSignals: tools.resetSignals,
    loader: loaderWords(tools.perl, process.execPath),
  })
  const settings = [
    `dir=${quote(places.attempt)}`,
    `event=${quote(places.event)}`,
    `tree=${isolation.namespaces ? 1 : ""}`,
    `cgroups=${quote(limits.folders.join("\n"))}`,
    `counters() { :; ${limits.counters.join("\n")}\n}`,
    `finish() { ${toFinish(limits, launch.transient)}\n}`,
    `launch() {\n${toLaunch(places.attempt, limits, words)}\n}`,
  ]
  return { settings: `${settings.join("\n")}\n`, inner }
}

/** Both as one text, for a pipe. */
export function toPipeText({ settings, inner }: LaunchText): string {
  return `${settings}inner=${quote(inner)}\n#complete`
}

/** The last words of the subshell that becomes the program: its files, its cgroups, its isolation. */
function toLaunch(folder: string, limits: LimitHandle, words: readonly string[]): string {
  const file = (name: string) => quote(join(folder, name))
  return [
    '[ -z "$inner" ] || exec 4<&0',
    `exec </dev/null >>${file("setup")} 2>&1 5>>${file("status")} 6>>"$output"`,
    ...limits.folders.map((path) => `echo 0 >${quote(join(path, "cgroup.procs"))} || exit 126`),
    `exec ${words.map(quote).join(" ")}`,
  ].join("\n")
}

function toFinish(limits: LimitHandle, transient: readonly string[]): string {
  const removals = transient.length === 0 ? [] : [`rm -rf -- ${transient.map(quote).join(" ")}`]
  const cgroups = limits.folders.length === 0 ? [] : [`rmdir -- ${limits.folders.map(quote).join(" ")} 2>/dev/null`]
  return [":", ...removals, ...cgroups].join("; ")
}
