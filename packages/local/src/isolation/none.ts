import { attemptTitle } from "../remains.ts"
import type { Isolation } from "./isolation.ts"

/** A session of its own and nothing more: volumes are named by `BERTH_VOLUME_<NAME>`. */
export function createPlainIsolation(tools: { readonly setsid: string; readonly sh: string }): Isolation {
  return {
    name: "none",
    namespaces: false,
    wrap: ({ script, places }) => [tools.setsid, tools.sh, "-c", script, attemptTitle, places.uid],
  }
}
