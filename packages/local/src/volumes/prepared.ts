/** A volume with its files in place, ready to be mounted. */
export interface PreparedVolume {
  /** The user's name of it. */
  readonly name: string
  /** Absolute path in the program's view. */
  readonly mountPath: string
  readonly readOnly: boolean
  readonly content: VolumeContent
  /** More than this ends the attempt (`storage`). */
  readonly limitBytes?: number
}

/** Where the content is: a file or folder of the host, or memory that appears with the mount. */
export type VolumeContent =
  | { readonly form: "host"; readonly path: string; readonly directory: boolean }
  | { readonly form: "memory"; readonly sizeBytes?: number }
