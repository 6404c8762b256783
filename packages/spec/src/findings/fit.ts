import { entry } from "./entry.ts"

/** Whether and where a run fits: selectors, taints, resources, volumes, parity. */
export const fitFindings = {
  "resources.insufficient": entry<{
    resource: string
    requested: string
    free: string
    allocatable: string
  }>({
    severity: "notice",
    class: "resources",
    message: ({ resource, requested, free, allocatable }) =>
      `Waiting for ${resource}: ${requested} requested, ${free} of ${allocatable} free now.`,
  }),
}
