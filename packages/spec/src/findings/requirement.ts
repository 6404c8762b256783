import { entry } from "./entry.ts"
import { quote } from "./quote.ts"

/** What can be wrong with, or was changed in, one kind of requirement: volumes, variables, placement, times. */
export const requirementFindings = {
  "node_selector.conflict": entry<{ key: string; first: string; second: string }>({
    severity: "error",
    class: "user",
    message: ({ key, first, second }) =>
      `${key} is asked to be ${quote(first)} and ${quote(second)}; a node's label has one value.`,
  }),
  "label.key": entry<{ key: string }>({
    severity: "error",
    class: "user",
    message: ({ key }) => `${quote(key)} is not a label key.`,
    hint: () => "Letters, digits, -, _ and . up to 63, with an optional DNS prefix: example.com/name.",
  }),
  "label.value": entry<{ value: string }>({
    severity: "error",
    class: "user",
    message: ({ value }) => `${quote(value)} is not a label value.`,
    hint: () =>
      "At most 63 letters, digits, -, _ and ., beginning and ending with a letter or digit. Free text belongs in annotations.",
  }),
  "annotations.too_large": entry<{ bytes: number; max: number }>({
    severity: "error",
    class: "user",
    message: ({ bytes, max }) => `Annotations are ${bytes} bytes together; at most ${max} are allowed.`,
  }),
  "env.name.invalid": entry<{ name: string; suggestion?: string }>({
    severity: "error",
    class: "user",
    message: ({ name, suggestion }) =>
      `${quote(name)} cannot be the name of a variable.${suggestion === undefined ? "" : ` Did you mean ${suggestion}?`}`,
    hint: () => "Letters, digits, _, - and ., not beginning with a digit.",
  }),
  "env.name.unreadable": entry<{ name: string; suggestion: string }>({
    severity: "warning",
    class: "user",
    message: ({ name, suggestion }) =>
      `The variable ${name} is set, but a shell cannot read it as $${name}. Did you mean ${suggestion}?`,
  }),
  "env.name.duplicate": entry<{ name: string; other: string }>({
    severity: "error",
    class: "user",
    message: ({ name, other }) => `The variable ${name} is already given by ${other}.`,
  }),
  "env.value_from": entry<{ key: string }>({
    severity: "error",
    class: "user",
    message: ({ key }) => `A variable has a value of its own; ${key} is not read.`,
    hint: () => "Ask for a project secret instead: secrets: [{ name: HF_TOKEN, env: HF_TOKEN }].",
  }),
  "secret.alias": entry<{ name: string; alias: string }>({
    severity: "notice",
    class: "user",
    message: ({ name, alias }) => `The secret ${name} is also given as ${alias}.`,
    hint: ({ name }) => `Write { name: ${name}, env: NAME } to choose the variable.`,
  }),
  "volume.name.duplicate": entry<{ name: string; other: string }>({
    severity: "error",
    class: "user",
    message: ({ name, other }) => `The name ${name} is already used by ${other}.`,
  }),
  "volume.name_used": entry<{ field: string; name: string }>({
    severity: "notice",
    class: "user",
    message: ({ field, name }) => `No ${field} is given: the volume's own name, ${name}, is used.`,
  }),
  "volume.size_default": entry<{ size: string }>({
    severity: "notice",
    class: "user",
    message: ({ size }) => `No size is given: ${size} is used.`,
  }),
  "volume.claim_and_size": entry<{ claim: string; size: string }>({
    severity: "error",
    class: "user",
    message: ({ claim, size }) =>
      `claim_name ${claim} is a claim that exists, size ${size} asks for a new one; only one of them may be given.`,
  }),
  "volume.read_only_always": entry<{ type: string }>({
    severity: "notice",
    class: "user",
    message: ({ type }) => `A volume of type ${type} is always read-only.`,
  }),
  "volume.mount_path.invalid": entry<{ value: string; reason: string; suggestion?: string }>({
    severity: "error",
    class: "user",
    message: ({ value, reason, suggestion }) =>
      `${quote(value)} cannot be a mount path: ${reason}.${suggestion === undefined ? "" : ` Did you mean ${suggestion}?`}`,
  }),
  "volume.mount_path.hides": entry<{ mountPath: string; hidden: string }>({
    severity: "warning",
    class: "user",
    message: ({ mountPath, hidden }) => `A volume on ${mountPath} hides ${hidden} of the image, which programs need.`,
    hint: () => "Choose a directory of its own, such as /data.",
  }),
  "volume.mount_path.nested": entry<{ mountPath: string; parent: string }>({
    severity: "warning",
    class: "user",
    message: ({ mountPath, parent }) => `${mountPath} lies inside ${parent}, where another volume is mounted.`,
  }),
  "volume.path": entry<{ value: string; reason: string }>({
    severity: "error",
    class: "user",
    message: ({ value, reason }) => `${quote(value)} cannot be a path inside the volume: ${reason}.`,
  }),
  "toleration.seconds_dropped": entry<{ effect: string }>({
    severity: "warning",
    class: "user",
    message: ({ effect }) =>
      `toleration_seconds only limits how long a run stays after a NoExecute taint appeared; with ${effect} Kubernetes refuses it, so it is dropped.`,
    hint: () => "Remove it, or change the effect to NoExecute.",
  }),
  "toleration.exists_with_value": entry<{ value: string }>({
    severity: "error",
    class: "user",
    message: ({ value }) => `The operator Exists takes no value, but ${quote(value)} is given.`,
  }),
  "toleration.key_missing": entry<Record<never, never>>({
    severity: "error",
    class: "user",
    message: () => "A toleration without a key is for every taint, and then its operator must be Exists.",
  }),
  "affinity.values": entry<{ operator: string; reason: string }>({
    severity: "error",
    class: "user",
    message: ({ operator, reason }) => `The operator ${operator} ${reason}.`,
  }),
  "affinity.match_fields": entry<{ reason: string }>({
    severity: "error",
    class: "user",
    message: ({ reason }) => `match_fields ${reason}.`,
    hint: () => "Only metadata.name, with In or NotIn and one value. Labels belong in match_expressions.",
  }),
  "affinity.term_empty": entry<Record<never, never>>({
    severity: "warning",
    class: "user",
    message: () => "An empty term matches no node.",
  }),
  "affinity.preference_shape": entry<{ terms: number }>({
    severity: "warning",
    class: "user",
    message: () => "preference is one term, not a list of node_selector_terms; its one term is read.",
  }),
  "affinity.preference_terms": entry<{ terms: number }>({
    severity: "error",
    class: "user",
    message: ({ terms }) =>
      `preference is one term, not a list of node_selector_terms; ${terms} terms need ${Math.max(terms, 1)} entries with a weight each.`,
  }),
  "duration.invalid": entry<{ value: string; suggestion?: string }>({
    severity: "error",
    class: "user",
    message: ({ value, suggestion }) =>
      `${quote(value)} is not a length of time.${suggestion === undefined ? "" : ` Did you mean ${suggestion}?`}`,
    hint: () => "Write 90s, 30m, 24h, 7d, or combined, largest first: 1h30m.",
  }),
  "service.port.duplicate": entry<{ port: number; other: string }>({
    severity: "error",
    class: "user",
    message: ({ port, other }) => `Port ${port} is already given by ${other}.`,
  }),
}
