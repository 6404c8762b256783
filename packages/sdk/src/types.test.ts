import type { RunState } from "@berth/spec"
import { expectTypeOf, test } from "vitest"
import { type BerthFunction, type Client, createClient, type Run } from "./index.ts"

/** Never called: what stands here compiles, or must not. `tsc -b` is the test. */
async function useTypes(client: Client): Promise<void> {
  const project = await client.projects.ensure("churn")
  const train = await project.functions.create({
    name: "train",
    kind: "python",
    handler: "train:main",
    code: { dir: "./src" },
    requirements: ["scikit-learn==1.7.2"],
  })
  expectTypeOf(train).toEqualTypeOf<BerthFunction<"python">>()
  const echo = await project.functions.create({ name: "echo", kind: "container", image: "busybox", command: ["sh"] })
  const count = await project.functions.create({ name: "c", kind: "node", handler: "c.ts:c", code: { inline: "" } })

  const run = await train.run("job", {
    parameters: { epochs: 20 },
    nodeSelector: { disktype: "ssd" },
    resources: { cpu: { requests: "12", limits: "16" }, mem: { requests: "64Gi" }, gpu: { limits: 1, type: "v100" } },
    volumes: [
      { volumeType: "persistent_volume_claim", name: "data", mountPath: "/data", spec: { claimName: "corpus" } },
      { volumeType: "config_map", name: "settings", mountPath: "/etc/train", spec: { name: "train-settings" } },
      { volumeType: "secret", name: "own", mountPath: "/own" },
    ],
    tolerations: [{ key: "nvidia.com/gpu", operator: "Equal", value: "v100", effect: "NoSchedule" }],
    envs: { LOG_LEVEL: "info" },
    secrets: ["HF_TOKEN"],
    signal: AbortSignal.timeout(1),
  })
  expectTypeOf(run).toEqualTypeOf<Run>()
  expectTypeOf(run.state).toEqualTypeOf<RunState>()
  expectTypeOf(await run.result<{ accuracy: number }>()).toEqualTypeOf<{ accuracy: number }>()
  expectTypeOf(await run.wait({ until: "ready", onUpdate: ({ state }) => state })).toEqualTypeOf<Run>()
  expectTypeOf((await train.plan("job", { resources: { gpu: 1 } })).verdict).toEqualTypeOf<
    "now" | "waits" | "after_scale_up" | "never" | "unknown"
  >()
  await echo.run("job", { args: ["-c", "echo"] })
  await count.run("serve", { servicePorts: [{ port: 80, targetPort: 8080 }], replicas: 2 })
  const any = await project.functions.get("train")
  await any.run("job", { args: ["a"], envs: { A: "1" } })

  // @ts-expect-error a misspelt key
  await train.run("job", { nodeSelecter: { disktype: "ssd" } })
  const configMap = { volumeType: "config_map", name: "a", mountPath: "/a" } as const
  // @ts-expect-error a ConfigMap is named by `name`
  await train.run("job", { volumes: [{ ...configMap, spec: { claimName: "b" } }] })
  // @ts-expect-error a claim's spec is not a Secret's
  await train.run("job", { volumes: [{ volumeType: "secret", name: "a", mountPath: "/a", spec: { claimName: "b" } }] })
  // @ts-expect-error no such effect
  await train.run("job", { tolerations: [{ key: "a", effect: "NoSchedul" }] })
  // @ts-expect-error no such action
  await train.run("serv")
  const claim = { volumeType: "persistent_volume_claim", name: "a", mountPath: "/a" } as const
  // @ts-expect-error a claim's name is text
  await train.run("job", { volumes: [{ ...claim, spec: { claimName: 1 } }] })
  // @ts-expect-error no such type of volume
  await train.run("job", { volumes: [{ volumeType: "pvc", name: "a", mountPath: "/a" }] })
  // @ts-expect-error an image volume needs its image
  await train.run("job", { volumes: [{ volumeType: "image", name: "a", mountPath: "/a" }] })
  // @ts-expect-error no such resource
  await train.run("job", { resources: { memory: "1Gi" } })
  // @ts-expect-error no such bound
  await train.run("job", { resources: { cpu: { request: "1" } } })
  // @ts-expect-error a handler has no arguments of a command
  await train.run("job", { args: ["a"] })
  // @ts-expect-error a command has no parameters
  await echo.run("job", { parameters: { a: 1 } })
  // @ts-expect-error only a served function has ports
  await train.run("job", { servicePorts: [{ port: 80, targetPort: 80 }] })
  // @ts-expect-error a job is one process
  await echo.run("job", { replicas: 2 })
  // @ts-expect-error python is not deployed
  await train.run("deploy")
  // @ts-expect-error node has no image to build
  await count.plan("build")
  // @ts-expect-error a wire name
  await train.run("job", { node_selector: { a: "b" } })
  // @ts-expect-error a list of names, not one name
  await train.run("job", { secrets: "HF_TOKEN" })
  // @ts-expect-error no such operator of a label selector
  await train.run("job", { affinity: { podAffinity: { labelSelector: { matchExpressions: [] } } } })
  // @ts-expect-error a handler's function needs code
  await project.functions.create({ name: "a", kind: "python", handler: "a:b" })
  // @ts-expect-error a command has no handler
  await project.functions.create({ name: "a", kind: "container", handler: "a:b" })
  // @ts-expect-error no such kind
  await project.functions.create({ name: "a", kind: "java" })
  // @ts-expect-error code is a file, a folder or text
  await project.functions.create({ name: "a", kind: "node", handler: "a:b", code: { path: "a" } })
  // @ts-expect-error no such state
  project.runs.list({ state: "DONE" })
  // @ts-expect-error no such event to wait for
  await run.wait({ until: "done" })
}

test("the client has the types that useTypes proves", () => {
  expectTypeOf(createClient).returns.toEqualTypeOf<Client>()
  expectTypeOf(useTypes).returns.resolves.toBeVoid()
})
