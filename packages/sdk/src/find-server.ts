import { platform } from "#platform"
import type { ServerRecord } from "./platform/platform.ts"

/**
 * The server that the nearest `.berth/server.json` names, from a folder upwards. Undefined where there is none, and in
 * a browser.
 *
 * @param folder - Default: the working directory.
 */
export async function findServer(folder?: string): Promise<ServerRecord | undefined> {
  return await platform.findServer(folder)
}
