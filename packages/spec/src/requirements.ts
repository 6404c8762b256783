import type { Affinity } from "./affinity.ts"
import type { JsonObject } from "./json.ts"

/**
 * The canonical requirements of a run: one form per field, camelCase, quantities as the user wrote them.
 *
 * Everything that reads requirements after the edge reads this type; every other accepted form becomes it in
 * `normalise`. An absent member means that nothing was asked.
 */
export interface Requirements {
  /** Labels a node must carry, exact equality, all of them. */
  readonly nodeSelector?: Readonly<Record<string, string>>
  /** One entry per mounted volume; names and mount paths are unique. */
  readonly volumes?: readonly Volume[]
  readonly resources?: Resources
  /** Complete core/v1 Affinity, camelCase as in Kubernetes. */
  readonly affinity?: Affinity
  readonly tolerations?: readonly Toleration[]
  /** One entry per variable; names are unique. */
  readonly envs?: readonly EnvVar[]
  /** Project secrets put into the environment. */
  readonly secrets?: readonly SecretRef[]
  readonly podLabels?: Readonly<Record<string, string>>
  readonly annotations?: Readonly<Record<string, string>>
  /** Name of an administrator's profile. */
  readonly profile?: string
  readonly priorityClass?: string
  readonly runtimeClass?: string
  readonly securityContext?: SecurityContext
  readonly timeouts?: Timeouts
  readonly retries?: Retries
  readonly servicePorts?: readonly ServicePort[]
  readonly serviceType?: ServiceType
  readonly serviceName?: string
  /** Copies of a `serve` or `deploy` run. Default 1. */
  readonly replicas?: number
  /** Raw strategic merge patch of the pod; an administrator must allow it. */
  readonly podPatch?: JsonObject
}

/** A Kubernetes quantity as the user wrote it, already proven to parse: `"64Gi"`, `"500m"`. */
export type QuantityText = string

/** A request and a limit of one resource; an absent one is not emitted. */
export interface ResourceBounds {
  /** What the scheduler reserves. */
  readonly requests?: QuantityText
  /** What may not be exceeded. */
  readonly limits?: QuantityText
}

export interface Resources {
  /** Cores: `"2"`, `"500m"`. */
  readonly cpu?: ResourceBounds
  /** Bytes: `"64Gi"`. */
  readonly mem?: ResourceBounds
  /** Whole devices; requests equal limits. */
  readonly gpu?: GpuBounds
  /** Scratch space, an ephemeral volume at `/shared`. */
  readonly disk?: QuantityText
}

export interface GpuBounds extends ResourceBounds {
  /** A resource name (`nvidia.com/gpu`) or an alias of the administrator's table (`a100`). Default: the cluster's. */
  readonly type?: string
}

/** Kinds of volume, with DigitalHub's names. */
export const volumeTypes = [
  "persistent_volume_claim",
  "config_map",
  "secret",
  "empty_dir",
  "ephemeral",
  "shared_volume",
  "image",
] as const

export type VolumeType = (typeof volumeTypes)[number]

interface VolumeBase {
  /** Unique in the run; a DNS-1123 label of at most 63 characters. */
  readonly name: string
  /** Absolute path in the container, unique in the run. */
  readonly mountPath: string
  readonly readOnly?: boolean
  /** A relative path inside the volume, without `..`. */
  readonly subPath?: string
}

/** Which key of a ConfigMap or Secret becomes which file. */
export interface KeyToPath {
  readonly key: string
  /** Relative path below the mount path, without `..`. */
  readonly path: string
  /** Permission bits, 0 to 0o777. */
  readonly mode?: number
}

/** A mounted volume: `spec` belongs to `volumeType`. */
export type Volume = VolumeBase &
  (
    | {
        readonly volumeType: "persistent_volume_claim"
        readonly spec: ExistingClaim | ManagedClaim
      }
    | { readonly volumeType: "config_map"; readonly spec: ConfigMapSource }
    | { readonly volumeType: "secret"; readonly spec: SecretSource }
    | { readonly volumeType: "empty_dir"; readonly spec: EmptyDirSource }
    | { readonly volumeType: "ephemeral"; readonly spec: EphemeralSource }
    | { readonly volumeType: "shared_volume"; readonly spec: ExistingClaim }
    | { readonly volumeType: "image"; readonly spec: ImageSource }
  )

/** A claim that exists already. */
export interface ExistingClaim {
  readonly claimName: string
}

/** A claim made for the run and removed with it. */
export interface ManagedClaim {
  readonly size: QuantityText
  readonly storageClass?: string
}

export interface ConfigMapSource {
  readonly name: string
  readonly items?: readonly KeyToPath[]
  /** A missing object is no obstacle. Default false. */
  readonly optional?: boolean
}

export interface SecretSource {
  readonly secretName: string
  readonly items?: readonly KeyToPath[]
  /** A missing object is no obstacle. Default false. */
  readonly optional?: boolean
}

export interface EmptyDirSource {
  readonly sizeLimit?: QuantityText
  /** `Memory` for a tmpfs. Default: the node's disk. */
  readonly medium?: "" | "Memory"
}

export interface EphemeralSource {
  readonly size: QuantityText
  readonly storageClass?: string
}

export interface ImageSource {
  /** Image reference whose files are mounted read-only. */
  readonly image: string
}

export interface Toleration {
  /** Empty: every taint, and then `operator` is `Exists`. */
  readonly key?: string
  /** Default `Equal`. */
  readonly operator?: "Equal" | "Exists"
  readonly value?: string
  /** Absent: every effect. */
  readonly effect?: TaintEffect
  /** Seconds to stay after a NoExecute taint appeared. */
  readonly tolerationSeconds?: number
}

export type TaintEffect = "NoSchedule" | "PreferNoSchedule" | "NoExecute"

export interface EnvVar {
  readonly name: string
  readonly value: string
}

/** A project secret in the environment. */
export interface SecretRef {
  /** Name of the project secret. */
  readonly name: string
  /** Variable it is put into. Default: the exact name, and its upper-case alias where that is another identifier. */
  readonly env?: string
  /** A secret that is not set is no obstacle. Default false. */
  readonly optional?: boolean
}

export interface SecurityContext {
  readonly runAsUser?: number
  readonly runAsGroup?: number
  readonly fsGroup?: number
}

/** A length of time as `"90s"`, `"30m"`, `"24h"`, `"7d"`, or combined as `"1h30m"`. */
export type DurationText = string

export interface Timeouts {
  /** How long an attempt may wait to start. Default `24h`. */
  readonly queued?: DurationText
  /** How long an attempt may run. Default: no limit. */
  readonly running?: DurationText
}

/** How often a new attempt follows a failed one, by cause. */
export interface Retries {
  /** After the program's own failure. Default 0. */
  readonly user?: number
  /** After a lost node, an eviction, a refusal by the kubelet. Default 3. */
  readonly infrastructure?: number
  /** After an out-of-memory kill, with more memory. Default 0. */
  readonly outOfMemory?: number
}

export interface ServicePort {
  /** Port of the service, 1 to 65535. */
  readonly port: number
  /** Port the program binds, 1 to 65535. */
  readonly targetPort: number
}

export type ServiceType = "ClusterIP" | "NodePort" | "LoadBalancer" | "ExternalName"

/**
 * One layer's requirements before they are resolved: canonical, but `null` removes what a lower layer set, for a
 * whole field, one resource, one bound, one selector key, one variable or one volume.
 */
export interface RequirementsLayer
  extends Partial<
    Nullable<
      Omit<
        Requirements,
        | "nodeSelector"
        | "resources"
        | "timeouts"
        | "retries"
        | "securityContext"
        | "podLabels"
        | "annotations"
        | "envs"
        | "volumes"
      >
    >
  > {
  readonly nodeSelector?: Readonly<Record<string, string | null>> | null
  readonly podLabels?: Readonly<Record<string, string | null>> | null
  readonly annotations?: Readonly<Record<string, string | null>> | null
  readonly envs?: readonly (EnvVar | { readonly name: string; readonly value: null })[] | null
  readonly volumes?: readonly (Volume | { readonly name: string; readonly volumeType: null })[] | null
  readonly resources?: {
    readonly cpu?: Nullable<ResourceBounds> | null
    readonly mem?: Nullable<ResourceBounds> | null
    readonly gpu?: Nullable<GpuBounds> | null
    readonly disk?: QuantityText | null
  } | null
  readonly timeouts?: Nullable<Timeouts> | null
  readonly retries?: Nullable<Retries> | null
  readonly securityContext?: Nullable<SecurityContext> | null
}

type Nullable<T> = { readonly [K in keyof T]: T[K] | null }
