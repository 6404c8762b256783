import { join } from "node:path"

/**
 * Where one attempt keeps its files: `<data>/local/attempts/<uid>/`. The program sees `work`, `home`, `tmp` and
 * `result` at the same paths as the host does; nothing else below the data folder is visible to it.
 */
export interface Places {
  readonly uid: string
  /** The data folder, as a real path. */
  readonly data: string
  readonly attempt: string
  /** The unpacked code; the working directory. Writable. */
  readonly work: string
  /** `HOME`. Writable. */
  readonly home: string
  /** `TMPDIR`, with private mounts also `/tmp`. Writable. */
  readonly tmp: string
  /** Holds the runner's call file and its result file. Writable. */
  readonly result: string
  /** What a runner is told ({@link RunnerCall}). */
  readonly callFile: string
  /** What a runner leaves ({@link RunnerResult}). */
  readonly resultFile: string
  /** stdout and stderr, appended. */
  readonly log: string
  /** Volumes that live and die with the attempt. */
  readonly volumes: string
  /** Touched on every change of state; one watch on its folder sees all attempts. */
  readonly event: string
}

/** The places of an attempt below a data folder given as a real path. */
export function placesOf(data: string, uid: string): Places {
  const attempt = join(attemptsFolder(data), uid)
  const result = join(attempt, "result")
  return {
    uid,
    data,
    attempt,
    work: join(attempt, "work"),
    home: join(attempt, "home"),
    tmp: join(attempt, "tmp"),
    result,
    callFile: join(result, "call.json"),
    resultFile: join(result, "result.json"),
    log: join(attempt, "log"),
    volumes: join(attempt, "volumes"),
    event: join(eventsFolder(data), uid),
  }
}

export function attemptsFolder(data: string): string {
  return join(data, "local", "attempts")
}

export function eventsFolder(data: string): string {
  return join(data, "local", "events")
}
