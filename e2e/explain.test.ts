import { expect, it, onTestFinished } from "vitest"
import { createApi } from "./api.ts"
import { startInProcess } from "./in-process-server.ts"

it("explains why a run waits without the secret values in it", async () => {
  const server = await startInProcess()
  onTestFinished(() => server.close())
  const api = createApi(() => server.endpoint, "demo")
  const secret = "canary-7f3a91"
  await api.call("POST", "/api/v1/projects", { name: "demo" })
  await api.call("POST", "/api/v1/-/demo/secrets", { name: "token", kind: "secret" })
  await api.call("PUT", "/api/v1/-/demo/secrets/data", { token: secret })
  const annotations = { "berth.dev/source": `/nowhere/${secret}` }
  await api.call("PUT", "/api/berth/v1/projects/demo/objects", {
    objects: [{ apiVersion: "v1", kind: "PersistentVolumeClaim", metadata: { name: "corpus", annotations } }],
  })
  const volume = {
    name: "data",
    volume_type: "persistent_volume_claim",
    mount_path: "/data",
    spec: { claim_name: "corpus" },
  }
  const run = await api.submit({ command: "true", spec: { volumes: [volume] } })
  const explain = async () => (await api.request("GET", `/api/berth/v1/projects/demo/runs/${run}/explain`)).text
  await expect.poll(explain, { timeout: 10_000 }).toContain("volume.claim.source")
  const text = await explain()
  expect(text).toContain(`/nowhere/${"*".repeat(secret.length)}`)
  expect(text).not.toContain(secret)
  await api.call("DELETE", `/api/v1/-/demo/runs/${run}`)
})
