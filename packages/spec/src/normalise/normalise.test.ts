import { describe, expect, it } from "vitest"
import { normalise, requirementNames } from "./normalise.ts"

const strict = { unknownKeys: "error", knownMembers: ["image", "parameters"] } as const
const lenient = { ...strict, unknownKeys: "warning" } as const

describe("unknown keys", () => {
  it("are errors for strict clients and kept with a warning elsewhere", () => {
    const spec = {
      tolerence: [],
      image: "a",
      volumes: [{ volume_type: "empty_dir", name: "a", mount_path: "/a", x: 1 }],
    }
    const codes = [strict, lenient].map((options) => normalise(spec, options).findings.map(({ code }) => code))
    expect(codes).toEqual([
      ["field.unknown", "field.unknown"],
      ["field.unknown.kept", "field.unknown.kept"],
    ])
    const { rest, layer } = normalise(spec, lenient)
    expect(rest).toEqual({ tolerence: [], image: "a" })
    expect(layer.volumes?.length).toBe(1)
  })

  it("suggest members of the kind as well, and offer no move onto a member that is there", () => {
    const [finding] = normalise({ imgae: "a", image: "b" }, strict).findings
    expect(finding?.data).toEqual({ key: "imgae", suggestion: "image" })
    expect(finding?.fix).toBeUndefined()
  })

  it("never includes what a spec of a run may say", () => {
    const spec = Object.fromEntries(
      [...requirementNames, "local_execution", "schedule", "labels"].map((name) => [name, null]),
    )
    expect(normalise(spec, strict).findings).toEqual([])
  })
})

describe("null", () => {
  it("removes what was inherited, at every depth", () => {
    const spec = {
      affinity: null,
      node_selector: { a: null, b: "c" },
      resources: { cpu: null, mem: { limits: null }, gpu: { type: null }, disk: null },
      envs: { A: null },
      volumes: [{ name: "data", volume_type: null }],
      timeouts: { running: null },
      retries: null,
      run_as_user: null,
    }
    const { layer, findings } = normalise(spec, strict)
    expect(findings).toEqual([])
    expect(layer).toEqual({
      affinity: null,
      nodeSelector: { a: null, b: "c" },
      resources: { cpu: null, mem: { limits: null }, gpu: { type: null }, disk: null },
      envs: [{ name: "A", value: null }],
      volumes: [{ name: "data", volumeType: null }],
      timeouts: { running: null },
      retries: null,
      securityContext: { runAsUser: null },
    })
  })
})

describe("paths", () => {
  it("lead from the canonical leaf to where it was written, in the author's spelling", () => {
    const spec = {
      env: [{ name: "LOG_LEVEL", value: "info" }],
      nodeSelector: { "example.com/disk": "ssd" },
      resources: { requests: { memory: "1Gi" }, gpu: 1 },
      volumes: [{ volumeType: "persistent_volume_claim", name: "data", mountPath: "/data", spec: { claimName: "c" } }],
      tolerations: { key: "a", operator: "Exists" },
      secrets: ["A", { name: "B", env: "C" }],
      run_as_user: 5,
      backoff_limit: 1,
      servicePorts: [{ port: 80, targetPort: 81 }],
    }
    const { paths } = normalise(spec, strict)
    expect(paths).toMatchObject({
      "envs.LOG_LEVEL": ["env", 0, "value"],
      "node_selector.example.com/disk": ["nodeSelector", "example.com/disk"],
      "resources.mem.requests": ["resources", "requests", "memory"],
      "resources.gpu.limits": ["resources", "gpu"],
      "volumes.data.mount_path": ["volumes", 0, "mountPath"],
      "volumes.data.spec.claim_name": ["volumes", 0, "spec", "claimName"],
      "tolerations.0.key": ["tolerations", "key"],
      "secrets.A": ["secrets", 0],
      "secrets.B": ["secrets", 1],
      "secrets.B.env": ["secrets", 1, "env"],
      "security_context.run_as_user": ["run_as_user"],
      "retries.user": ["backoff_limit"],
      "service_ports.0.target_port": ["servicePorts", 0, "targetPort"],
    })
  })
})
