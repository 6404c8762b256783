import { createLocalExecutor } from "../create-local-executor.ts"

// A server that a test kills at the moment of its choice: arguments are the data folder, the attempt to accept, and the
// cluster objects. Containers run on the engine that DOCKER_HOST names.
const [dataDir = "", attempt = "", objects = "[]"] = process.argv.slice(2)
const executor = await createLocalExecutor({
  dataDir,
  instance: "killed",
  engine: "container",
  objects: async () => JSON.parse(objects),
  secretValues: async () => ({}),
})
await executor.start(JSON.parse(attempt))
setInterval(() => undefined, 1000)
