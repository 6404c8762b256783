import { existsSync } from "node:fs"
import { join } from "node:path"
import { expect, it, onTestFinished } from "vitest"
import { createApi } from "./api.ts"
import { startInProcess } from "./in-process-server.ts"

it("a project made anew has nothing of the claims of the one before", async () => {
  const server = await startInProcess()
  onTestFinished(() => server.close())
  const api = createApi(() => server.endpoint, "demo")
  const claim = { apiVersion: "v1", kind: "PersistentVolumeClaim", metadata: { name: "notes" } }
  const volume = {
    name: "notes",
    volume_type: "persistent_volume_claim",
    mount_path: "/notes",
    spec: { claim_name: "notes" },
  }
  const script = `cd "\${BERTH_VOLUME_NOTES:-/notes}" && ls && echo mine >mine`
  const logOfRun = async () => {
    await api.call("POST", "/api/v1/projects", { name: "demo" })
    await api.call("PUT", "/api/berth/v1/projects/demo/objects", { objects: [claim] })
    const id = await api.submit({ command: "sh", args: ["-c", script], spec: { volumes: [volume] } })
    await expect.poll(async () => (await api.run(id)).status.state, { timeout: 10_000 }).toBe("COMPLETED")
    return await api.log(id)
  }
  const folder = join(server.dataDir, "volumes/demo")
  expect(await logOfRun()).toBe("")
  expect(existsSync(join(folder, "notes/mine"))).toBe(true)
  await api.call("DELETE", "/api/v1/projects/demo?cascade=true")
  expect(existsSync(folder)).toBe(false)
  expect(await logOfRun()).toBe("")
})
