import { formatBytes } from "../bytes.ts"
import { entry } from "./entry.ts"

/** What can be wrong with a request as a whole: envelope, references, policy, limits. */
export const requestFindings = {
  "policy.denied": entry<{ field: string; rule: string; layer?: string }>({
    severity: "error",
    class: "policy",
    message: ({ field, rule }) => `${field} is not allowed here by the rule ${rule}.`,
    hint: () => "An administrator of this server can change the rule.",
  }),
  "code.unreadable": entry<{ reason: string; layer?: string }>({
    severity: "error",
    class: "user",
    message: ({ reason }) => `The code cannot be unpacked. ${reason}`,
    hint: () => "Send one file, or a folder as a tar.gz of plain files, as base64.",
  }),
  "code.too_large": entry<{ bytes: number; limitBytes: number; layer?: string }>({
    severity: "error",
    class: "user",
    message: ({ bytes, limitBytes }) =>
      `The code is ${formatBytes(bytes)} packed; at most ${formatBytes(limitBytes)} can travel with a function.`,
    hint: () => "Leave data and builds out with a .gitignore, or mount them as a volume.",
  }),
  "request.invalid": entry<{ in: "body" | "query" | "path" | "header"; problem: string; key?: string }>({
    severity: "error",
    class: "user",
    message: ({ in: place, problem, key }) =>
      key === undefined ? `The request's ${place}: ${problem}.` : `${key} in the request's ${place}: ${problem}.`,
  }),
  "request.malformed": entry<{ format: string; reason: string }>({
    severity: "error",
    class: "user",
    message: ({ format, reason }) => `The body is no ${format}: ${reason}`,
  }),
  "request.too_large": entry<{ limitBytes: number }>({
    severity: "error",
    class: "user",
    message: ({ limitBytes }) => `The body is larger than ${formatBytes(limitBytes)}.`,
    hint: () => "Mount large content as a volume.",
  }),
  "request.too_deep": entry<{ limit: number }>({
    severity: "error",
    class: "user",
    message: ({ limit }) => `The body is nested deeper than ${limit} levels.`,
  }),
  "request.text": entry<{ what: string }>({
    severity: "error",
    class: "user",
    message: ({ what }) => `${what} cannot be kept or handed to a program.`,
  }),
  "reference.invalid": entry<{ reference: string; expected: string }>({
    severity: "error",
    class: "user",
    message: ({ reference, expected }) => `${JSON.stringify(reference)} is no reference of the form ${expected}.`,
  }),
  "function.missing": entry<{ reference: string }>({
    severity: "error",
    class: "user",
    message: ({ reference }) => `There is no function ${reference}.`,
  }),
  "task.missing": entry<{ reference: string }>({
    severity: "error",
    class: "user",
    message: ({ reference }) => `There is no task ${reference}: invalid task.`,
  }),
  "task.mismatch": entry<{ task: string; function: string; expected: string }>({
    severity: "error",
    class: "user",
    message: ({ task, expected, function: used }) =>
      `The task ${task} belongs to ${expected}, not to ${used}: invalid task.`,
  }),
  "kind.mismatch": entry<{ kind: string; function: string; expected: string }>({
    severity: "error",
    class: "user",
    message: ({ kind, expected, function: used }) =>
      `A run of kind ${kind} needs a ${expected} function; ${used} is none.`,
  }),
  "action.unsupported": entry<{ action: string; executor: string }>({
    severity: "error",
    class: "user",
    message: ({ action, executor }) => `The ${executor} executor cannot ${action}.`,
  }),
  "profile.unknown": entry<{ name: string; choices: readonly string[]; suggestion?: string }>({
    severity: "error",
    class: "user",
    message: ({ name, choices, suggestion }) =>
      `There is no profile ${JSON.stringify(name)}. ${suggestion === undefined ? "" : `Did you mean ${suggestion}? `}${
        choices.length === 0 ? "This server has none." : `There are: ${choices.join(", ")}.`
      }`,
  }),
  "profile.mode_unknown": entry<{ field: string; suggestion?: string }>({
    severity: "error",
    class: "user",
    message: ({ field, suggestion }) =>
      `${field} is no field that a profile can set.${suggestion === undefined ? "" : ` Did you mean ${suggestion}?`}`,
  }),
  "policy.field_unknown": entry<{ field: string; suggestion?: string }>({
    severity: "error",
    class: "user",
    message: ({ field, suggestion }) =>
      `${field} is no field that a policy can rule.${suggestion === undefined ? "" : ` Did you mean ${suggestion}?`}`,
  }),
  "volume.reference.forbidden": entry<{ kind: string; name: string; rule: string }>({
    severity: "error",
    class: "policy",
    message: ({ kind, name, rule }) =>
      `The ${kind} ${name} belongs to Berth itself and cannot be named (rule ${rule}).`,
  }),
  "label.reserved": entry<{ key: string; rule: string }>({
    severity: "error",
    class: "policy",
    message: ({ key, rule }) => `${key} is Berth's own and cannot be set (rule ${rule}).`,
  }),
  "secret.missing": entry<{ name: string; suggestion?: string }>({
    severity: "error",
    class: "user",
    message: ({ name, suggestion }) =>
      `The project has no secret ${JSON.stringify(name)}.${suggestion === undefined ? "" : ` Did you mean ${suggestion}?`}`,
    hint: ({ name }) => `Set it (berth secret set ${name}), or ask for it with optional: true.`,
  }),
  "secret.unset": entry<{ name: string }>({
    severity: "error",
    class: "user",
    message: ({ name }) => `The secret ${JSON.stringify(name)} has no value yet.`,
    hint: ({ name }) => `Set it (berth secret set ${name}), or ask for it with optional: true.`,
  }),
  "secret.short": entry<{ name: string; length: number }>({
    severity: "warning",
    class: "user",
    message: ({ name, length }) =>
      `The secret ${JSON.stringify(name)} has ${length} characters; values shorter than 6 are not masked in logs.`,
  }),
  "program.invalid": entry<{ member: string; expected: string; layer?: string }>({
    severity: "error",
    class: "user",
    message: ({ member, expected }) => `${member} must be ${expected}.`,
  }),
  "program.missing": entry<{ kind: string; member: string }>({
    severity: "error",
    class: "user",
    message: ({ kind, member }) => `A ${kind} function needs ${member}.`,
  }),
  "command.spaces": entry<{ command: string; layer?: string }>({
    severity: "warning",
    class: "user",
    message: ({ command }) =>
      `The command ${JSON.stringify(command)} is one argument: a program of this name, spaces included, is started.`,
    hint: () => "Give the program as command and the rest as args.",
  }),
  "code.missing": entry<{ kind: string; layer?: string }>({
    severity: "error",
    class: "user",
    message: ({ kind }) => `A ${kind} function needs its code as base64 in source.base64.`,
  }),
  "code.source_unsupported": entry<{ source: string; layer?: string }>({
    severity: "error",
    class: "user",
    message: ({ source }) => `Code at ${source} is not fetched by this server.`,
    hint: () => "Send the code itself as base64 in source.base64.",
  }),
  "parity.below": entry<{ path: string; level: string; how: string }>({
    severity: "error",
    class: "policy",
    message: ({ path, level, how }) => `${path} would be ${level}, not enforced: ${how}.`,
    hint: () => "Submit without --strict to accept that.",
  }),
  "object.invalid": entry<{ problem: string }>({
    severity: "error",
    class: "user",
    message: ({ problem }) => `This is no stand-in that Berth knows: ${problem}.`,
    hint: () => "Known are ConfigMap, Secret, PersistentVolumeClaim and Node, as Kubernetes manifests.",
  }),
}
