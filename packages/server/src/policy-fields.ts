import type { Requirements, Volume } from "@berth/spec"

/** One thing a request names, where it is (canonical wire path, as in the provenance), and what a rule is matched with. */
export interface Named {
  readonly value: string
  readonly path: string
}

/** What a request names in one field; nothing for a field it does not use. */
type ReadField = (requirements: Requirements) => readonly Named[]

const keys = (field: string, value: object | undefined): readonly Named[] =>
  Object.keys(value ?? {}).map((key) => ({ value: key, path: `${field}.${key}` }))

const single = (field: string, value: string | number | undefined): readonly Named[] =>
  value === undefined ? [] : [{ value: String(value), path: field }]

const bounds = (resource: "cpu" | "mem" | "gpu"): ReadField => {
  return ({ resources }) =>
    (["requests", "limits"] as const).flatMap((bound) =>
      single(`resources.${resource}.${bound}`, resources?.[resource]?.[bound]),
    )
}

/** The object of the cluster that a volume names; its own name for one that names none. */
export function referenceOf(volume: Volume): string {
  switch (volume.volumeType) {
    case "config_map":
      return volume.spec.name
    case "secret":
      return volume.spec.secretName
    case "shared_volume":
      return volume.spec.claimName
    case "persistent_volume_claim":
      return "claimName" in volume.spec ? volume.spec.claimName : volume.name
    case "image":
      return volume.spec.image
    case "empty_dir":
    case "ephemeral":
      return volume.name
  }
}

const referenceMembers: Readonly<Record<Volume["volumeType"], string>> = {
  config_map: "spec.name",
  secret: "spec.secret_name",
  shared_volume: "spec.claim_name",
  persistent_volume_claim: "spec.claim_name",
  image: "spec.image",
  empty_dir: "name",
  ephemeral: "name",
}

/** Where {@link referenceOf} stands. */
export function referencePath({ name, volumeType }: Volume): string {
  return `volumes.${name}.${referenceMembers[volumeType]}`
}

const volumesOf = (type: Volume["volumeType"]): ReadField => {
  return ({ volumes }) =>
    (volumes ?? [])
      .filter((volume) => volume.volumeType === type)
      .map((volume) => ({ value: referenceOf(volume), path: referencePath(volume) }))
}

/** Every field that a policy can rule, most general first: the last one with a rule decides. */
export const policyFields = {
  node_selector: ({ nodeSelector }) => keys("node_selector", nodeSelector),
  volumes: ({ volumes }) =>
    (volumes ?? []).map((volume) => ({ value: volume.volumeType, path: `volumes.${volume.name}` })),
  "volumes.persistent_volume_claim": volumesOf("persistent_volume_claim"),
  "volumes.config_map": volumesOf("config_map"),
  "volumes.secret": volumesOf("secret"),
  "volumes.empty_dir": volumesOf("empty_dir"),
  "volumes.ephemeral": volumesOf("ephemeral"),
  "volumes.shared_volume": volumesOf("shared_volume"),
  "volumes.image": volumesOf("image"),
  resources: ({ resources }) => keys("resources", resources),
  "resources.cpu": bounds("cpu"),
  "resources.mem": bounds("mem"),
  "resources.gpu": ({ resources }) =>
    resources?.gpu === undefined ? [] : [{ value: resources.gpu.type ?? "default", path: "resources.gpu" }],
  "resources.disk": ({ resources }) => single("resources.disk", resources?.disk),
  affinity: ({ affinity }) =>
    keys("affinity", affinity).map((named) => ({ ...named, value: named.value.replace(/[A-Z]/g, toSnake) })),
  tolerations: ({ tolerations }) =>
    (tolerations ?? []).map(({ key = "" }, index) => ({ value: key === "" ? "*" : key, path: `tolerations.${index}` })),
  envs: ({ envs }) => (envs ?? []).map(({ name }) => ({ value: name, path: `envs.${name}` })),
  secrets: ({ secrets }) => (secrets ?? []).map(({ name }) => ({ value: name, path: `secrets.${name}` })),
  pod_labels: ({ podLabels }) => keys("pod_labels", podLabels),
  annotations: ({ annotations }) => keys("annotations", annotations),
  profile: ({ profile }) => single("profile", profile),
  priority_class: ({ priorityClass }) => single("priority_class", priorityClass),
  runtime_class: ({ runtimeClass }) => single("runtime_class", runtimeClass),
  "security_context.run_as_user": (r) => single("security_context.run_as_user", r.securityContext?.runAsUser),
  "security_context.run_as_group": (r) => single("security_context.run_as_group", r.securityContext?.runAsGroup),
  "security_context.fs_group": (r) => single("security_context.fs_group", r.securityContext?.fsGroup),
  timeouts: ({ timeouts }) => keys("timeouts", timeouts),
  retries: ({ retries }) => keys("retries", retries),
  service_ports: ({ servicePorts }) =>
    (servicePorts ?? []).map(({ port }) => ({ value: String(port), path: "service_ports" })),
  service_type: ({ serviceType }) => single("service_type", serviceType),
  service_name: ({ serviceName }) => single("service_name", serviceName),
  replicas: ({ replicas }) => single("replicas", replicas),
  pod_patch: ({ podPatch }) => (podPatch === undefined ? [] : leaves(podPatch, "")),
} as const satisfies Record<string, ReadField>

/** A field that a policy can rule. */
export type PolicyField = keyof typeof policyFields

/** Names of the fields that a policy can rule. */
export const policyFieldNames = Object.keys(policyFields) as readonly PolicyField[]

const toSnake = (letter: string): string => `_${letter.toLowerCase()}`

/** The dotted path of every value of a patch; lists count as values. */
function leaves(value: object, prefix: string): readonly Named[] {
  return Object.entries(value).flatMap(([key, item]) => {
    const path = prefix === "" ? key : `${prefix}.${key}`
    if (typeof item === "object" && item !== null && !Array.isArray(item)) return leaves(item, path)
    return [{ value: path, path: "pod_patch" }]
  })
}
