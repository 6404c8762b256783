import * as z from "zod"

const text = z.string()
const weight = z.int().min(1).max(100).meta({ description: "1 to 100; added to a node's score." })
const labelOperator = z.enum(["In", "NotIn", "Exists", "DoesNotExist"])

export const nodeSelectorRequirementSchema = z.object({
  key: text.meta({ description: "A node's label, or `metadata.name` in `matchFields`." }),
  operator: z.enum(["In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt"]),
  values: z.exactOptional(z.array(text)).meta({
    description: "At least one for In and NotIn, none for Exists and DoesNotExist, one integer for Gt and Lt.",
  }),
})

export const nodeSelectorTermSchema = z.object({
  matchExpressions: z.exactOptional(z.array(nodeSelectorRequirementSchema)),
  matchFields: z.exactOptional(z.array(nodeSelectorRequirementSchema)),
})

const preferredTermSchema = z.object({ weight, preference: nodeSelectorTermSchema })

export const labelSelectorRequirementSchema = z.object({
  key: text,
  operator: labelOperator,
  values: z.exactOptional(z.array(text)),
})

export const labelSelectorSchema = z.object({
  matchLabels: z.exactOptional(z.record(z.string(), text)),
  matchExpressions: z.exactOptional(z.array(labelSelectorRequirementSchema)),
})

export const podAffinityTermSchema = z.object({
  labelSelector: z.exactOptional(labelSelectorSchema),
  namespaces: z.exactOptional(z.array(text)),
  namespaceSelector: z.exactOptional(labelSelectorSchema),
  matchLabelKeys: z.exactOptional(z.array(text)),
  mismatchLabelKeys: z.exactOptional(z.array(text)),
  topologyKey: text.meta({ description: "The node label that says what is near: `kubernetes.io/hostname`." }),
})

const podAffinitySchema = z.object({
  requiredDuringSchedulingIgnoredDuringExecution: z.exactOptional(z.array(podAffinityTermSchema)),
  preferredDuringSchedulingIgnoredDuringExecution: z.exactOptional(
    z.array(z.object({ weight, podAffinityTerm: podAffinityTermSchema })),
  ),
})

export const nodeSelectorSchema = z.object({
  nodeSelectorTerms: z.array(nodeSelectorTermSchema).meta({ description: "ORed; an empty term matches nothing." }),
})

const nodeAffinitySchema = z.object({
  requiredDuringSchedulingIgnoredDuringExecution: z.exactOptional(nodeSelectorSchema),
  preferredDuringSchedulingIgnoredDuringExecution: z.exactOptional(z.array(preferredTermSchema)),
})

export const affinitySchema = z
  .object({
    nodeAffinity: z.exactOptional(nodeAffinitySchema),
    podAffinity: z.exactOptional(podAffinitySchema),
    podAntiAffinity: z.exactOptional(podAffinitySchema),
  })
  .meta({ id: "Affinity", description: "Complete core/v1 Affinity; snake_case and camelCase members are both read." })
