/** A spelling or shape of a field that was once right, or that the page shows, and is still read. */
export interface HistoricForm {
  /** Names the form in tests and documents; the cases of `fixtures/historic/` name the rows they show. */
  readonly id: string
  /** When it was right: before the page (0.3 and earlier), on the page (0.4 to 0.8), since (0.9 and later), Kubernetes' own. */
  readonly era: "before" | "page" | "since" | "kubernetes"
  /** The field it belongs to; empty for the spec itself. */
  readonly field: string
  /** What was written. */
  readonly form: string
  /** What it is read as. */
  readonly canonical: string
  /** A key that stands for another one of the same object. */
  readonly alias?: { readonly used: string; readonly canonical: string }
}

/** Every accepted form that is not the canonical one. What is not in this table is a finding with a hint. */
export const historicForms: readonly HistoricForm[] = [
  {
    id: "env",
    era: "before",
    field: "",
    form: "env: [{ name, value }]",
    canonical: "envs",
    alias: { used: "env", canonical: "envs" },
  },
  {
    id: "toleration",
    era: "page",
    field: "",
    form: "toleration: [{ key, … }]",
    canonical: "tolerations",
    alias: { used: "toleration", canonical: "tolerations" },
  },
  {
    id: "resources-memory",
    era: "before",
    field: "resources",
    form: "memory: { requests, limits }",
    canonical: "mem",
    alias: { used: "memory", canonical: "mem" },
  },
  {
    id: "resources-request",
    era: "before",
    field: "resources.*",
    form: "request: 12",
    canonical: "requests",
    alias: { used: "request", canonical: "requests" },
  },
  {
    id: "resources-limit",
    era: "before",
    field: "resources.*",
    form: "limit: 16",
    canonical: "limits",
    alias: { used: "limit", canonical: "limits" },
  },
  {
    id: "resources-list",
    era: "before",
    field: "resources",
    form: "[{ resource_type, requests, limits }]",
    canonical: "{ <resource>: { requests, limits } }",
  },
  {
    id: "resources-kubernetes",
    era: "kubernetes",
    field: "resources",
    form: "{ requests: { cpu, memory }, limits: { nvidia.com/gpu } }",
    canonical: "{ <resource>: { requests, limits } }",
  },
  { id: "cpu-scalar", era: "since", field: "resources.cpu", form: '"2"', canonical: "{ requests }" },
  {
    id: "mem-scalar",
    era: "since",
    field: "resources.mem",
    form: '"8Gi"',
    canonical: "{ requests, limits: 1.1 times the request }",
  },
  { id: "gpu-scalar", era: "since", field: "resources.gpu", form: '"1"', canonical: "{ limits }" },
  { id: "gpu-requests", era: "page", field: "resources.gpu", form: "{ requests }", canonical: "{ requests, limits }" },
  {
    id: "gpu-resource-name",
    era: "kubernetes",
    field: "resources",
    form: "nvidia.com/gpu: 1",
    canonical: "gpu with type",
  },
  { id: "disk-bounds", era: "since", field: "resources.disk", form: "{ requests }", canonical: '"30Gi"' },
  {
    id: "node-selector-pair",
    era: "page",
    field: "node_selector",
    form: "{ key, value }",
    canonical: "{ <key>: <value> }",
  },
  {
    id: "node-selector-list",
    era: "before",
    field: "node_selector",
    form: "[{ key, value }]",
    canonical: "{ <key>: <value> }",
  },
  { id: "list-of-one", era: "page", field: "", form: "one object where a list belongs", canonical: "a list of one" },
  { id: "secret-text", era: "page", field: "secrets", form: '"HF_TOKEN"', canonical: "[{ name }]" },
  { id: "secret-names", era: "page", field: "secrets", form: '["HF_TOKEN"]', canonical: "[{ name }]" },
  { id: "envs-map", era: "since", field: "envs", form: "{ <name>: <value> }", canonical: "[{ name, value }]" },
  { id: "envs-number", era: "page", field: "envs", form: "value: 20", canonical: 'value: "20"' },
  { id: "labels-map", era: "before", field: "labels", form: "{ <key>: <value> }", canonical: "pod_labels" },
  { id: "labels-pairs", era: "before", field: "labels", form: "[{ name, value }]", canonical: "pod_labels" },
  {
    id: "labels-words",
    era: "since",
    field: "labels",
    form: '["a", "b"]',
    canonical: "labels of the entity's metadata",
  },
  {
    id: "backoff-limit",
    era: "page",
    field: "backoff_limit",
    form: "backoff_limit: 2",
    canonical: "retries: { user: 2 }",
  },
  { id: "schedule", era: "page", field: "schedule", form: 'schedule: "0 * * * *"', canonical: "a trigger" },
  {
    id: "security-flat",
    era: "since",
    field: "",
    form: "run_as_user: 8877",
    canonical: "security_context: { run_as_user }",
  },
  { id: "volume-without-spec", era: "since", field: "volumes[].spec", form: "{}", canonical: "the volume's own name" },
  { id: "ephemeral-without-size", era: "since", field: "volumes[].spec", form: "{}", canonical: "{ size: 2Gi }" },
  {
    id: "camel-case",
    era: "kubernetes",
    field: "",
    form: "claimName, sizeLimit, targetPort",
    canonical: "claim_name, …",
  },
  {
    id: "preference-terms",
    era: "page",
    field: "affinity",
    form: "preference: { node_selector_terms: [term] }",
    canonical: "preference: term",
  },
  {
    id: "toleration-seconds",
    era: "page",
    field: "tolerations",
    form: "effect: NoSchedule, toleration_seconds: 300",
    canonical: "effect: NoSchedule",
  },
]

/** Keys of the object at `field` that stand for another one: used → canonical. */
export function aliasesOf(field: string): ReadonlyMap<string, string> {
  return new Map(
    historicForms.flatMap(({ field: at, alias }) =>
      at === field && alias !== undefined ? [[alias.used, alias.canonical]] : [],
    ),
  )
}
