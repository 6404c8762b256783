import { entry } from "./entry.ts"
import { either, quote } from "./quote.ts"

/** What can be wrong with, or was changed in, a single field of a spec. */
export const fieldFindings = {
  "field.unknown": entry<{ key: string; suggestion?: string }>({
    severity: "error",
    class: "user",
    message: unknownKey,
  }),
  "field.unknown.kept": entry<{ key: string; suggestion?: string }>({
    severity: "warning",
    class: "user",
    message: (data) => `${unknownKey(data)} It is kept and has no effect.`,
  }),
  "field.type": entry<{ expected: string; got: string }>({
    severity: "error",
    class: "user",
    message: ({ expected, got }) => `This must be ${expected}, not ${got}.`,
  }),
  "field.value": entry<{ value: string; allowed: readonly string[]; suggestion?: string }>({
    severity: "error",
    class: "user",
    message: ({ value, allowed, suggestion }) =>
      `${quote(value)} is not one of ${either(allowed)}.${suggestion === undefined ? "" : ` Did you mean ${suggestion}?`}`,
  }),
  "field.required": entry<{ field: string }>({
    severity: "error",
    class: "user",
    message: ({ field }) => `${field} is missing.`,
  }),
  "field.range": entry<{ value: number; min: number; max: number }>({
    severity: "error",
    class: "user",
    message: ({ value, min, max }) => `${value} must be a whole number from ${min} to ${max}.`,
  }),
  "field.name": entry<{ value: string; rule: string; suggestion?: string }>({
    severity: "error",
    class: "user",
    message: ({ value, rule, suggestion }) =>
      `${quote(value)} is not ${rule}.${suggestion === undefined ? "" : ` Did you mean ${suggestion}?`}`,
  }),
  "field.character": entry<{ character: string }>({
    severity: "error",
    class: "user",
    message: ({ character }) => `The text contains ${character}, which no field may carry.`,
  }),
  "field.too_long": entry<{ length: number; max: number }>({
    severity: "error",
    class: "user",
    message: ({ length, max }) => `${length} characters are too many; at most ${max} are allowed.`,
  }),
  "field.too_many": entry<{ count: number; max: number }>({
    severity: "error",
    class: "user",
    message: ({ count, max }) => `${count} entries are too many; at most ${max} are allowed.`,
  }),
  "field.too_deep": entry<{ max: number }>({
    severity: "error",
    class: "user",
    message: ({ max }) => `Lists and objects nest deeper than ${max} levels here.`,
  }),
  "field.prototype": entry<{ key: string }>({
    severity: "error",
    class: "user",
    message: ({ key }) => `${key} cannot be the name of a member.`,
  }),
  "field.twice": entry<{ first: string; second: string }>({
    severity: "error",
    class: "user",
    message: ({ first, second }) => `${first} and ${second} mean the same; only one of them may be given.`,
  }),
  "field.repeated": entry<{ value: string }>({
    severity: "warning",
    class: "user",
    message: ({ value }) => `${quote(value)} is given more than once and read once.`,
  }),
  "field.coerced": entry<{ from: string; to: string }>({
    severity: "notice",
    class: "user",
    message: ({ from, to }) => `${from} is read as ${to}.`,
  }),
  "field.more": entry<{ shown: number }>({
    severity: "error",
    class: "user",
    message: ({ shown }) => `There are more problems; the first ${shown} are listed.`,
    hint: () => "Repair these and try again.",
  }),
  "historic.alias": entry<{ used: string; canonical: string }>({
    severity: "warning",
    class: "user",
    message: ({ used, canonical }) => `${used} is read as ${canonical}.`,
  }),
  "historic.form": entry<{ used: string; canonical: string }>({
    severity: "notice",
    class: "user",
    message: ({ used, canonical }) => `${used} is read as ${canonical}.`,
  }),
  "historic.schedule": entry<{ schedule: string }>({
    severity: "notice",
    class: "user",
    message: ({ schedule }) =>
      `schedule ${quote(schedule)} is kept, but does not start this run by itself: it runs once, now.`,
    hint: () => "A schedule belongs to a trigger of the function.",
  }),
  "volume.mount_path.duplicate": entry<{
    mountPath: string
    volume: string
    other: string
    layer?: string
    otherLayer?: string
  }>({
    severity: "error",
    class: "user",
    message: ({ mountPath, volume, other, otherLayer }) =>
      `${mountPath} of the volume ${volume} is already used by the volume ${other}${setBy(otherLayer)}.`,
    hint: () => "Every volume needs a mount path of its own.",
  }),
  "resources.disk.mount_path": entry<{ mountPath: string; volume: string; layer?: string; otherLayer?: string }>({
    severity: "error",
    class: "user",
    message: ({ mountPath, volume, otherLayer }) =>
      `resources.disk is mounted on ${mountPath}, and so is the volume ${volume}${setBy(otherLayer)}.`,
    hint: () => "Mount the volume elsewhere, or leave disk out.",
  }),
  "env.name.reserved": entry<{ name: string; layer?: string }>({
    severity: "error",
    class: "user",
    message: ({ name, layer }) => `The variable ${name}${setBy(layer)} is one that Berth itself sets.`,
    hint: () => "Choose another name: BERTH_*, PROJECT_NAME and RUN_ID are Berth's.",
  }),
  "env.name.secret": entry<{ name: string; secret: string; layer?: string; otherLayer?: string }>({
    severity: "error",
    class: "user",
    message: ({ name, secret }) =>
      `The variable ${name} has the same name as the one that the secret ${secret} is put into.`,
    hint: ({ secret }) => `Remove the variable, or put the secret elsewhere: { name: ${secret}, env: OTHER_NAME }.`,
  }),
  "secret.env.duplicate": entry<{ variable: string; secret: string; other: string; layer?: string }>({
    severity: "error",
    class: "user",
    message: ({ variable, secret, other }) =>
      `The secrets ${other} and ${secret} would both be put into the variable ${variable}.`,
    hint: () => "Give one of them another variable with env.",
  }),
  "resources.layers.conflict": entry<{
    resource: string
    requests: string
    limits: string
    layer?: string
    otherLayer?: string
  }>({
    severity: "error",
    class: "user",
    message: ({ resource, requests, limits, otherLayer }) =>
      `${resource}: the request of ${requests} is more than the limit of ${limits}: one comes from another layer${setBy(otherLayer)}.`,
    hint: () => "Set both, or set one to null to remove what was inherited.",
  }),
}

/** Names a layer that is not the run's own. */
function setBy(layer: string | undefined): string {
  return layer === undefined ? "" : ` (set by the ${layer})`
}

function unknownKey({ key, suggestion }: { readonly key: string; readonly suggestion?: string }): string {
  const question = suggestion === undefined ? "" : ` Did you mean ${suggestion}?`
  return `Unknown key ${quote(key)}.${question}`
}
