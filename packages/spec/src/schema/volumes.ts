import * as z from "zod"

export const quantitySchema = z
  .string()
  .meta({ id: "Quantity", description: "A Kubernetes quantity.", examples: ["64Gi", "500m"] })

const storageClass = z.exactOptional(z.string()).meta({ description: "Default: the cluster's." })
const optional = z.exactOptional(z.boolean()).meta({ description: "A missing object is no obstacle. Default false." })

export const keyToPathSchema = z.object({
  key: z.string().meta({ description: "Key of the ConfigMap or Secret." }),
  path: z.string().meta({ description: "Relative file path below the mount path, without `..`." }),
  mode: z.exactOptional(z.int().min(0).max(0o777)).meta({ description: "Permission bits, 0 to 511 (0777)." }),
})

const items = z.exactOptional(z.array(keyToPathSchema)).meta({ description: "Which keys become files. Default: all." })

export const existingClaimSchema = z.object({
  claimName: z.string().meta({ description: "Name of a PersistentVolumeClaim that exists." }),
})

export const managedClaimSchema = z.object({
  size: quantitySchema.meta({ description: "A claim of this size is made for the run and removed with it." }),
  storageClass,
})

export const configMapSourceSchema = z.object({
  name: z.string().meta({ description: "Name of the ConfigMap." }),
  items,
  optional,
})

export const secretSourceSchema = z.object({
  secretName: z.string().meta({ description: "Name of the Secret." }),
  items,
  optional,
})

export const emptyDirSourceSchema = z.object({
  sizeLimit: z.exactOptional(quantitySchema).meta({ description: "More than this ends the run. Default: no limit." }),
  medium: z
    .exactOptional(z.enum(["", "Memory"]))
    .meta({ description: "`Memory` for a tmpfs. Default: the node's disk." }),
})

export const ephemeralSourceSchema = z.object({
  size: quantitySchema.meta({ description: "Default 2Gi." }),
  storageClass,
})

export const imageSourceSchema = z.object({
  image: z.string().meta({ description: "Image reference whose files are mounted read-only." }),
})

const place = {
  name: z.string().meta({ description: "Unique in the run; a DNS-1123 label." }),
  mountPath: z.string().meta({ description: "Absolute path in the container, unique in the run." }),
  readOnly: z
    .exactOptional(z.boolean())
    .meta({ description: "Default false; ConfigMaps, Secrets and images are always." }),
  subPath: z.exactOptional(z.string()).meta({ description: "Relative path inside the volume, without `..`." }),
}

/** One mounted volume; `spec` belongs to `volumeType`. */
export const volumeSchema = z
  .discriminatedUnion("volumeType", [
    z.object({
      volumeType: z.literal("persistent_volume_claim"),
      ...place,
      spec: z.union([existingClaimSchema, managedClaimSchema]),
    }),
    z.object({ volumeType: z.literal("config_map"), ...place, spec: configMapSourceSchema }),
    z.object({ volumeType: z.literal("secret"), ...place, spec: secretSourceSchema }),
    z.object({ volumeType: z.literal("empty_dir"), ...place, spec: emptyDirSourceSchema }),
    z.object({ volumeType: z.literal("ephemeral"), ...place, spec: ephemeralSourceSchema }),
    z.object({ volumeType: z.literal("shared_volume"), ...place, spec: existingClaimSchema }),
    z.object({ volumeType: z.literal("image"), ...place, spec: imageSourceSchema }),
  ])
  .meta({ id: "Volume", description: "A mounted volume; `spec` belongs to `volume_type`." })
