import type { Code } from "@berth/spec"

/** A server that the `berth` command runs for a folder, as `.berth/server.json` names it. */
export interface ServerRecord {
  /** `http://127.0.0.1:40123`. */
  readonly endpoint: string
  readonly token?: string
}

/** What only some platforms can do. `#platform` is this: Node's, or a browser's that says what it lacks. */
export interface Platform {
  /** `BERTH_ENDPOINT` and `BERTH_TOKEN`. */
  readEnvironment(): { readonly endpoint?: string; readonly token?: string }
  /** The nearest `.berth/server.json`, from the folder upwards. */
  findServer(folder?: string): Promise<ServerRecord | undefined>
  /** One file as it is. */
  packFile(path: string): Promise<Code>
  /** A folder as a deterministic tar.gz, without ignored files. */
  packFolder(path: string): Promise<Code>
}
