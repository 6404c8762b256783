import { renameSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { readText } from "./attempt-files.ts"
import type { Launch } from "./engine.ts"
import type { Places } from "./places.ts"

/** What a launch decided and a restarted server has to know: `launch.json`. Holds no value of a variable. */
export interface LaunchRecord {
  /** The program as the user wrote it. */
  readonly program: string
  readonly memoryLimitBytes?: number
  readonly gpus: readonly number[]
  readonly transient: readonly string[]
  /** Scratch folders whose size is watched. */
  readonly scratch: readonly { readonly name: string; readonly path: string; readonly limitBytes: number }[]
  /** Variables that together name the attempt in the environment of its processes. */
  readonly marks: readonly string[]
}

export function toLaunchRecord(launch: Launch): LaunchRecord {
  const { program } = launch.attempt
  return {
    program: program.kind === "container" ? (program.command?.[0] ?? "") : program.handler,
    ...(launch.limits.memoryBytes !== undefined && { memoryLimitBytes: launch.limits.memoryBytes }),
    gpus: launch.gpus,
    transient: launch.transient,
    scratch: launch.volumes.flatMap(({ name, content, limitBytes }) =>
      content.form === "host" && limitBytes !== undefined ? [{ name, path: content.path, limitBytes }] : [],
    ),
    marks: ["BERTH_PROJECT", "BERTH_RUN_ID", "BERTH_ATTEMPT"].map(
      (name) => `${name}=${launch.environment[name] ?? ""}`,
    ),
  }
}

export function writeLaunchRecord(places: Places, record: LaunchRecord): void {
  writeWhole(join(places.attempt, "launch.json"), JSON.stringify(record))
}

/** Undefined before the attempt was admitted. */
export function readLaunchRecord(places: Places): LaunchRecord | undefined {
  const text = readText(join(places.attempt, "launch.json"))
  return text === undefined ? undefined : (JSON.parse(text) as LaunchRecord)
}

/** Writes a file of Berth's own so that a reader sees the old or the new text, never a part. */
export function writeWhole(path: string, text: string): void {
  const draft = `${path}.draft`
  writeFileSync(draft, text, { mode: 0o600 })
  renameSync(draft, path)
}
