import * as z from "zod"
import type { JsonObject } from "../json.ts"
import { affinitySchema } from "./affinity.ts"
import { quantitySchema, volumeSchema } from "./volumes.ts"

const bounds = {
  requests: z.exactOptional(quantitySchema).meta({ description: "What the scheduler reserves." }),
  limits: z.exactOptional(quantitySchema).meta({ description: "What may not be exceeded." }),
}

export const boundsSchema = z.object(bounds)

export const gpuSchema = z.object({
  ...bounds,
  type: z
    .exactOptional(z.string())
    .meta({ description: "A resource name (`nvidia.com/gpu`) or an administrator's alias. Default: the cluster's." }),
})

export const resourcesSchema = z.object({
  cpu: z.exactOptional(boundsSchema).meta({ description: "Cores: `2`, `500m`. A bare value is a request." }),
  mem: z
    .exactOptional(boundsSchema)
    .meta({ description: "Bytes: `64Gi`. A bare value is a request, and 1.1 times it the limit." }),
  gpu: z
    .exactOptional(gpuSchema)
    .meta({ description: "Whole devices; requests equal limits. A bare value is a limit." }),
  disk: z.exactOptional(quantitySchema).meta({ description: "Scratch space: an ephemeral volume at `/shared`." }),
})

export const tolerationSchema = z
  .object({
    key: z.exactOptional(z.string()).meta({ description: "Empty: every taint, and then the operator is Exists." }),
    operator: z.exactOptional(z.enum(["Equal", "Exists"])).meta({ description: "Default Equal." }),
    value: z.exactOptional(z.string()).meta({ description: "The taint's value; none with Exists." }),
    effect: z
      .exactOptional(z.enum(["NoSchedule", "PreferNoSchedule", "NoExecute"]))
      .meta({ description: "Absent: every effect." }),
    tolerationSeconds: z
      .exactOptional(z.int())
      .meta({ description: "Seconds to stay after a NoExecute taint appeared; only with NoExecute." }),
  })
  .meta({ id: "Toleration", description: "Allows, but does not draw, the run to nodes with this taint." })

export const envVarSchema = z.object({
  name: z.string().meta({ description: "Unique in the run; best `[A-Za-z_][A-Za-z0-9_]*`." }),
  value: z
    .string()
    .meta({ description: "Text of at most 65,536 characters, no control characters but tabs and line breaks." }),
})

export const secretRefSchema = z.object({
  name: z.string().meta({ description: "Name of the project secret." }),
  env: z
    .exactOptional(z.string())
    .meta({ description: "Variable it is put into. Default: the exact name, and its upper-case alias." }),
  optional: z
    .exactOptional(z.boolean())
    .meta({ description: "A secret that is not set is no obstacle. Default false." }),
})

const id = z
  .int()
  .min(0)
  .max(2 ** 31 - 1)

export const securityContextSchema = z.object({
  runAsUser: z.exactOptional(id).meta({ description: "User id of the program." }),
  runAsGroup: z.exactOptional(id).meta({ description: "Group id of the program." }),
  fsGroup: z.exactOptional(id).meta({ description: "Group id that owns the files of volumes." }),
})

const duration = z.string().meta({ id: "Duration", examples: ["90s", "30m", "24h", "7d", "1h30m"] })

export const timeoutsSchema = z.object({
  queued: z.exactOptional(duration).meta({ description: "How long an attempt may wait to start. Default 24h." }),
  running: z.exactOptional(duration).meta({ description: "How long an attempt may run. Default: no limit." }),
})

const count = z.int().min(0).max(100)

export const retriesSchema = z.object({
  user: z.exactOptional(count).meta({ description: "After the program's own failure. Default 0." }),
  infrastructure: z.exactOptional(count).meta({ description: "After a lost node or an eviction. Default 3." }),
  outOfMemory: z
    .exactOptional(count)
    .meta({ description: "After an out-of-memory kill, with more memory. Default 0." }),
})

const port = z.int().min(1).max(65_535)

export const servicePortSchema = z.object({
  port: port.meta({ description: "Port of the service." }),
  targetPort: port.meta({ description: "Port that the program binds." }),
})

export const serviceTypeSchema = z.enum(["ClusterIP", "NodePort", "LoadBalancer", "ExternalName"])

const textMap = z.record(z.string(), z.string())

/** The canonical requirements, camelCase; proven equal to `Requirements` by a type test. */
export const canonicalSchema = z
  .object({
    nodeSelector: z.exactOptional(textMap).meta({ description: "Labels that a node must carry, all of them." }),
    volumes: z.exactOptional(z.array(volumeSchema)).meta({ description: "Mounted volumes, at most 100." }),
    resources: z
      .exactOptional(resourcesSchema)
      .meta({ description: "How much is reserved and allowed; what is not asked is not set." }),
    affinity: z.exactOptional(affinitySchema).meta({ description: "Complete core/v1 Affinity." }),
    tolerations: z.exactOptional(z.array(tolerationSchema)).meta({ description: "Taints that a node may have." }),
    envs: z.exactOptional(z.array(envVarSchema)).meta({ description: "Environment variables." }),
    secrets: z.exactOptional(z.array(secretRefSchema)).meta({ description: "Project secrets for the environment." }),
    podLabels: z.exactOptional(textMap).meta({ description: "Labels of the pod." }),
    annotations: z.exactOptional(textMap).meta({ description: "Notes on the pod: any text." }),
    profile: z.exactOptional(z.string()).meta({ description: "Name of an administrator's profile." }),
    priorityClass: z
      .exactOptional(z.string())
      .meta({ description: "Name of a PriorityClass; a policy must allow it." }),
    runtimeClass: z.exactOptional(z.string()).meta({ description: "Name of a RuntimeClass; a policy must allow it." }),
    securityContext: z.exactOptional(securityContextSchema).meta({ description: "Whom the program runs as." }),
    timeouts: z.exactOptional(timeoutsSchema).meta({ description: "How long an attempt may take." }),
    retries: z.exactOptional(retriesSchema).meta({ description: "How often another attempt follows." }),
    servicePorts: z.exactOptional(z.array(servicePortSchema)).meta({ description: "Ports of a served function." }),
    serviceType: z.exactOptional(serviceTypeSchema).meta({ description: "Default ClusterIP." }),
    serviceName: z.exactOptional(z.string()).meta({ description: "Name of the Service. Default: made from the run." }),
    replicas: z
      .exactOptional(z.int().min(0).max(10_000))
      .meta({ description: "Copies of a serve or deploy run. Default 1." }),
    podPatch: z
      .exactOptional(z.record(z.string(), z.json()) as z.ZodType<JsonObject>)
      .meta({ description: "Strategic merge patch of the pod; an administrator must allow it." }),
  })
  .meta({ id: "Requirements" })
