import type {
  EnvVar,
  GpuBounds,
  Requirements,
  ResourceBounds,
  Resources,
  Retries,
  SecretRef,
  SecurityContext,
  Timeouts,
  Volume,
} from "./requirements.ts"

/** A quantity as TypeScript users may write it: a number is cores, bytes or devices. */
export type QuantityInput = string | number

type Nullable<T> = { readonly [K in keyof T]: T[K] | null }

type Shorthands = "nodeSelector" | "resources" | "envs" | "secrets" | "volumes" | "podLabels" | "annotations"
type Records = "securityContext" | "timeouts" | "retries"

/**
 * What `fn.run()` accepts: {@link Requirements} with the shorthands that people expect. `null` removes what a lower
 * layer (the task, the function, the project) set: a whole field, one bound, one key, one variable or one volume.
 */
export interface RequirementsInput extends Partial<Nullable<Omit<Requirements, Shorthands | Records>>> {
  /** Labels a node must carry, all of them. */
  readonly nodeSelector?: Readonly<Record<string, string | null>> | null
  /** One entry per mounted volume; `{ name, volumeType: null }` removes an inherited one. */
  readonly volumes?: readonly VolumeInput[] | null
  /** How much of what. */
  readonly resources?: ResourcesInput | null
  /** A map, or a list of `{ name, value }`. */
  readonly envs?: Readonly<Record<string, string | number | boolean | null>> | readonly EnvInput[] | null
  /** Names of project secrets, or `{ name, env }`. */
  readonly secrets?: readonly (string | SecretRef)[] | null
  /** Labels of the pod; free text belongs in `annotations`. */
  readonly podLabels?: Readonly<Record<string, string | null>> | null
  /** Notes on the pod. */
  readonly annotations?: Readonly<Record<string, string | null>> | null
  /** Whom the program runs as. */
  readonly securityContext?: Nullable<SecurityContext> | null
  /** How long an attempt may wait and run. */
  readonly timeouts?: Nullable<Timeouts> | null
  /** How often a new attempt follows a failed one. */
  readonly retries?: Nullable<Retries> | null
}

/** A variable; a value of null removes an inherited one. */
export type EnvInput = EnvVar | { readonly name: string; readonly value: null }

/** A bare `cpu` is a request, a bare `mem` a request and a limit of 1.1 times it, a bare `gpu` a limit. */
export interface ResourcesInput {
  /** Cores: `2`, `"500m"`. @see https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/ */
  readonly cpu?: QuantityInput | BoundsInput<ResourceBounds> | null
  /** Bytes: `"64Gi"`. */
  readonly mem?: QuantityInput | BoundsInput<ResourceBounds> | null
  /** Whole devices. Default type: the cluster's. @see https://kubernetes.io/docs/tasks/manage-gpus/scheduling-gpus/ */
  readonly gpu?: QuantityInput | BoundsInput<GpuBounds> | null
  /** Bytes of scratch space at `/shared`. */
  readonly disk?: Resources["disk"] | number | null
}

/** Bounds in which a quantity may also be a number; null removes an inherited one. */
export type BoundsInput<Bounds> = {
  readonly [K in keyof Bounds]: (K extends "requests" | "limits" ? QuantityInput : Bounds[K]) | null
}

/**
 * A volume whose `spec` may be left out where the volume's own name can stand in for it; `volumeType: null` removes
 * the inherited volume of that name.
 */
export type VolumeInput =
  | (Volume extends infer V
      ? V extends { readonly volumeType: infer T; readonly spec: infer S }
        ? T extends "image"
          ? V
          : Omit<V, "spec"> & { readonly spec?: S }
        : never
      : never)
  | { readonly name: string; readonly volumeType: null }
