import type { Places } from "../places.ts"
import type { PreparedVolume } from "../volumes/prepared.ts"

/** How a program is kept apart from the rest of the machine. */
export interface Isolation {
  readonly name: "bubblewrap" | "unshare" | "none"
  /** True with PID and mount namespaces of its own: nothing survives its end, volumes appear at their paths. */
  readonly namespaces: boolean
  /** Writes what the command needs into the attempt's folder and returns the words that run a script of sh inside. */
  wrap(request: IsolationRequest): readonly string[]
}

export interface IsolationRequest {
  readonly places: Places
  /** Host paths below the data folder that stay readable. */
  readonly visible: readonly string[]
  readonly volumes: readonly PreparedVolume[]
  /** The script of sh to run as the first process inside. */
  readonly script: string
}
