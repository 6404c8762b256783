import { expect, test } from "vitest"
import { commandAttempt } from "../testing/executor-fixture.ts"
import { containerParity } from "./parity.ts"

test("only what holds the size of an empty_dir is said to: a tmpfs, and nothing on disk", () => {
  const volumes = [
    { name: "disk", mountPath: "/a", volumeType: "empty_dir", spec: { sizeLimit: "1Mi" } },
    { name: "memory", mountPath: "/b", volumeType: "empty_dir", spec: { sizeLimit: "1Mi", medium: "Memory" } },
  ] as const
  const parity = containerParity(commandAttempt(["true"], { requirements: { volumes } }), { memory: true, cpu: true })
  const levelOf = (name: string) => parity.find(({ path }) => path === `volumes.${name}.spec.size_limit`)?.level
  expect([levelOf("disk"), levelOf("memory")]).toEqual(["ignored", "enforced"])
})
