import type { EnvVar, GpuBounds, Requirements, ResourceBounds, Resources, SecretRef, Volume } from "./requirements.ts"

/** A quantity as TypeScript users may write it: a number is cores, bytes or devices. */
export type QuantityInput = string | number

/** What `fn.run()` accepts: {@link Requirements} with the shorthands that people expect. */
export interface RequirementsInput extends Omit<Requirements, "resources" | "envs" | "secrets" | "volumes"> {
  readonly resources?: ResourcesInput
  /** A map, or a list of `{ name, value }`. */
  readonly envs?: Readonly<Record<string, string | number | boolean>> | readonly EnvVar[]
  /** Names of project secrets, or `{ name, env }`. */
  readonly secrets?: readonly (string | SecretRef)[]
  readonly volumes?: readonly VolumeInput[]
}

/** A bare `cpu` is a request, a bare `mem` a request and a limit of 1.1 times it, a bare `gpu` a limit. */
export interface ResourcesInput {
  readonly cpu?: QuantityInput | BoundsInput<ResourceBounds>
  readonly mem?: QuantityInput | BoundsInput<ResourceBounds>
  readonly gpu?: QuantityInput | BoundsInput<GpuBounds>
  readonly disk?: Resources["disk"] | number
}

/** Bounds in which a quantity may also be a number. */
export type BoundsInput<Bounds> = {
  readonly [K in keyof Bounds]: K extends "requests" | "limits" ? QuantityInput : Bounds[K]
}

/** A volume whose `spec` may be left out where the volume's own name can stand in for it. */
export type VolumeInput = Volume extends infer V
  ? V extends { readonly volumeType: infer T; readonly spec: infer S }
    ? T extends "image"
      ? V
      : Omit<V, "spec"> & { readonly spec?: S }
    : never
  : never
