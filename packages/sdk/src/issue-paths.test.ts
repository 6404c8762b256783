import { BerthError, createFinding } from "@berth/spec"
import { expect, test } from "vitest"
import { inTypescriptCase, toTypescriptPath } from "./issue-paths.ts"

test.each([
  [
    ["volumes", 2, "mount_path"],
    ["volumes", 2, "mountPath"],
  ],
  [
    ["volumes", 0, "spec", "claim_name"],
    ["volumes", 0, "spec", "claimName"],
  ],
  [
    ["node_selector", "my_key"],
    ["nodeSelector", "my_key"],
  ],
  [
    ["envs", "log_level"],
    ["envs", "log_level"],
  ],
  [
    ["init_parameters", "a_b"],
    ["initParameters", "a_b"],
  ],
  [
    ["tolerations", 0, "toleration_seconds"],
    ["tolerations", 0, "tolerationSeconds"],
  ],
  [["NVIDIA_X"], ["NVIDIA_X"]],
  [
    ["resources", "mem", "requests"],
    ["resources", "mem", "requests"],
  ],
  [[], []],
])("%j is told as %j", (wire, own) => {
  expect(toTypescriptPath(wire)).toEqual(own)
})

test("a refusal keeps its code, message, request id and data", async () => {
  const issue = createFinding("field.unknown", { key: "nodeSelecter" }, { path: ["node_selector", "a_b"] })
  const refused = new BerthError("invalid", "no", { issues: [issue], requestId: "r1" })
  const told = await inTypescriptCase(() => Promise.reject(refused)).catch((error: unknown) => error)
  expect(told).toMatchObject({ code: "invalid", message: "no", requestId: "r1" })
  expect((told as BerthError).issues).toEqual([{ ...issue, path: ["nodeSelector", "a_b"] }])
})
