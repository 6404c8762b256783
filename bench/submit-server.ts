import { randomBytes } from "node:crypto"
import { readConfig } from "@berth/server"
import { startServer } from "../packages/server/src/main.ts"

/**
 * The server with one route more, the floor of `submit`: it inserts the row of a run that was submitted before, under
 * a new id and a state that the reconciler has nothing to do with, and does nothing else.
 */
const server = await startServer(readConfig(process.env), {
  extend(app, store) {
    app.post<{ Params: { project: string; run: string } }>("/bench/insert/:project/:run", async ({ params }, reply) => {
      const row = await store.runs.get(params.project, params.run)
      if (row === undefined) return reply.status(404).send()
      const id = randomBytes(16).toString("hex")
      await store.runs.insert({ ...row, id, name: id, state: "READY", revision: 0 })
      return { id }
    })
  },
})
console.log(`listening on ${server.url}`)
process.once("SIGTERM", () => void server.close())
