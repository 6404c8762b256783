import type { JsonObject } from "@berth/spec"
import type { Isolation } from "../isolation/isolation.ts"
import { createExecutorFixture, scriptAttempt } from "./executor-fixture.ts"

/** Runs one script on an executor of its own and prints what was seen, for tests that need another user. */
const [data = "", isolation = "none", script = "", ...objects] = process.argv.slice(2)
const fixture = await createExecutorFixture({
  data,
  isolation: isolation as Isolation["name"],
  objects: objects.map((text) => JSON.parse(text) as JsonObject),
})
const volumes = [
  { name: "c", mountPath: "/berth-data", volumeType: "persistent_volume_claim", spec: { claimName: "c" } },
  { name: "s", mountPath: "/etc/berth-token", volumeType: "secret", spec: { secretName: "s" } },
] as const
try {
  const { exit, log } = await fixture.run(scriptAttempt(script, { requirements: { volumes } }))
  const last = fixture.seen.at(-1)
  console.log(JSON.stringify({ exit, log, parity: last !== undefined && "parity" in last ? last.parity : [] }))
} finally {
  await fixture.dispose()
}
