import { readConfig, serve } from "@berth/server"

/** The server as users run it. */
await serve(readConfig(process.env))
