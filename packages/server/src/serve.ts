import type { Config } from "./config.ts"
import { startServer } from "./main.ts"

/**
 * The server in the foreground: prints `listening on URL` when it is ready, and ends when nobody needs it, at SIGTERM
 * or at Ctrl-C. What runs goes on.
 *
 * @param onListening - Told the URL before it is printed.
 */
export async function serve(config: Config, onListening?: (url: string) => Promise<void>): Promise<void> {
  const server = await startServer(config)
  await onListening?.(server.url)
  console.log(`listening on ${server.url}`)
  const why = await Promise.race([server.hasToEnd, nextSignal()])
  if (why === "lost") {
    console.error("Another server has taken the database over; this one ends.")
    process.exit(1)
  }
  await server.close()
}

function nextSignal(): Promise<"signal"> {
  return new Promise((resolve) => {
    for (const name of ["SIGTERM", "SIGINT"] as const) process.once(name, () => resolve("signal"))
  })
}
