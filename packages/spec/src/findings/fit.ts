import { entry } from "./entry.ts"

/** Whether and where a run fits: selectors, taints, resources, volumes, parity. */
export const fitFindings = {
  "image.missing": entry<{ image: string; policy: string }>({
    severity: "warning",
    class: "user",
    message: ({ image, policy }) => `The image ${image} is not on this machine, and its pull policy is ${policy}.`,
    hint: () => "Pull or build it there, or let it be pulled with image_pull_policy IfNotPresent.",
  }),
  "image.pull_failed": entry<{ image: string; message: string }>({
    severity: "warning",
    class: "user",
    message: ({ image, message }) => `The image ${image} could not be pulled and is tried again: ${message}`,
    hint: () => "Check its name and tag, and that this machine may read from its registry.",
  }),
  "resources.insufficient": entry<{
    resource: string
    requested: string
    free: string
    allocatable: string
    node?: string
    layer?: string
  }>({
    severity: "notice",
    class: "resources",
    message: ({ resource, requested, free, allocatable, node }) =>
      `Waiting for ${resource}: ${requested} requested, ${free} of ${allocatable} free now${node === undefined ? "" : ` on ${node}`}.`,
    hint: () => "It starts as soon as other runs have ended.",
  }),
  "resources.exceed_node": entry<{
    resource: string
    requested: string
    allocatable: string
    shortfall: string
    node: string
    layer?: string
  }>({
    severity: "warning",
    class: "resources",
    message: ({ resource, requested, allocatable, shortfall, node }) =>
      `${requested} of ${resource} requested, but ${node} offers ${allocatable} in all: ${shortfall} short. It cannot start as it is.`,
    hint: () => "Ask for less, or use a larger machine.",
  }),
  "gpu.none": entry<{
    resource: string
    requested: string
    node: string
    available: readonly string[]
    layer?: string
  }>({
    severity: "warning",
    class: "resources",
    message: ({ resource, requested, node }) =>
      `${requested} of ${resource} requested, but ${node} has none. It cannot start as it is.`,
    hint: ({ available }) =>
      available.length === 0 ? "No GPU is known here." : `There are other GPUs: ${available.join(", ")}.`,
  }),
  "placement.selector.no_match": entry<{
    key: string
    value: string
    node: string
    actual?: string
    nearestKeys: readonly string[]
    layer?: string
  }>({
    severity: "warning",
    class: "resources",
    message: ({ key, value, node, actual }) =>
      actual === undefined
        ? `The selector wants ${key}=${value}, but ${node} has no label ${key}.`
        : `The selector wants ${key}=${value}, but ${node} has ${key}=${actual}.`,
    hint: ({ nearestKeys }) => (nearestKeys.length === 0 ? undefined : `Labels like it: ${nearestKeys.join(", ")}.`),
  }),
  "placement.affinity.no_match": entry<{ node: string; unmet: readonly string[]; layer?: string }>({
    severity: "warning",
    class: "resources",
    message: ({ node, unmet }) =>
      unmet.length === 0
        ? `The required node affinity has no term that could match, so ${node} does not.`
        : `No term of the required node affinity matches ${node}: ${unmet.join("; or ")}.`,
    hint: () => "Terms are alternatives; within one, everything must hold. An empty term matches nothing.",
  }),
  "placement.taint.untolerated": entry<{ node: string; taint: string; toleration: string }>({
    severity: "warning",
    class: "resources",
    message: ({ node, taint }) => `${node} is tainted ${taint} and nothing tolerates it.`,
    hint: ({ toleration }) => `This toleration would help: ${toleration}. It permits the node, it does not attract.`,
  }),
  "placement.node.unschedulable": entry<{ node: string }>({
    severity: "warning",
    class: "infrastructure",
    message: ({ node }) => `${node} is closed to new work (unschedulable).`,
    hint: () => "An administrator reopens it with kubectl uncordon, or by the Node manifest.",
  }),
  "volume.claim.missing": entry<{ volume: string; claim: string }>({
    severity: "warning",
    class: "user",
    message: ({ volume, claim }) =>
      `The volume ${volume} waits for the PersistentVolumeClaim ${claim}, which does not exist.`,
    hint: () => "Create it, or give its manifest with --objects. Ask for a size in place of a claim to get one made.",
  }),
  "volume.claim.source": entry<{ claim: string; source: string; reason: string; layer?: string }>({
    severity: "warning",
    class: "user",
    message: ({ claim, source, reason }) =>
      `The PersistentVolumeClaim ${claim} cannot be filled from the folder ${source} (berth.dev/source): ${reason}.`,
    hint: () =>
      "Put the folder there, or name another one in the claim's manifest; it is tried again until it can be read.",
  }),
  "volume.config_map.missing": entry<{ volume: string; name: string }>({
    severity: "warning",
    class: "user",
    message: ({ volume, name }) => `The volume ${volume} waits for the ConfigMap ${name}, which does not exist.`,
    hint: () => "Create it, or give its manifest with --objects.",
  }),
  "volume.secret.missing": entry<{ volume: string; name: string }>({
    severity: "warning",
    class: "user",
    message: ({ volume, name }) => `The volume ${volume} waits for the Secret ${name}, which does not exist.`,
    hint: () => "Create it, or give its manifest with --objects. A project secret is no Kubernetes Secret.",
  }),
  "volume.key.missing": entry<{
    volume: string
    kind: string
    name: string
    key: string
    available: readonly string[]
  }>({
    severity: "warning",
    class: "user",
    message: ({ volume, kind, name, key }) =>
      `The volume ${volume} waits for the key ${key} of the ${kind} ${name}, which has none of that name.`,
    hint: ({ available }) => (available.length === 0 ? "It is empty." : `It has: ${available.join(", ")}.`),
  }),
  "parity.approximated": entry<{ path: string; how: string }>({
    severity: "notice",
    class: "infrastructure",
    message: ({ path, how }) => `${path} is met only approximately here: ${how}.`,
  }),
  "parity.ignored": entry<{ path: string; how: string }>({
    severity: "warning",
    class: "infrastructure",
    message: ({ path, how }) => `${path} has no effect here: ${how}.`,
  }),
}
