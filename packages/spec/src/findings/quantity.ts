import { parseQuantity, toUnits } from "../quantity.ts"
import { entry } from "./entry.ts"
import { either, quote } from "./quote.ts"

/** A text that is no quantity, and what its author may have meant, most likely first. */
export interface Misspelt {
  readonly value: string
  readonly suggestions: readonly string[]
}

/** A quantity that is one, but hardly the one that was meant. */
export interface Doubtful {
  readonly value: string
  readonly suggestion?: string
}

/** What can be wrong with a quantity. */
export const quantityFindings = {
  "quantity.invalid": entry<Misspelt>({ severity: "error", class: "user", message: misspelt }),
  "quantity.comma": entry<Misspelt>({
    severity: "error",
    class: "user",
    message: (data) => `${misspelt(data)} Decimals are written with a point.`,
  }),
  "quantity.space": entry<Misspelt>({
    severity: "error",
    class: "user",
    message: (data) => `${misspelt(data)} A quantity is written without spaces and underscores.`,
  }),
  "quantity.unit_byte": entry<Misspelt>({
    severity: "error",
    class: "user",
    message: (data) => `${misspelt(data)} Sizes are in bytes already, without a B.`,
  }),
  "quantity.case": entry<Misspelt>({
    severity: "error",
    class: "user",
    message: (data) => `${misspelt(data)} Suffixes are written exactly k, M, G, T, P, E or Ki, Mi, Gi, Ti, Pi, Ei.`,
  }),
  "quantity.negative": entry<{ value: string }>({
    severity: "error",
    class: "user",
    message: ({ value }) => `${value} is negative; nothing can be reserved or limited below zero.`,
  }),
  "quantity.zero": entry<{ value: string }>({
    severity: "error",
    class: "user",
    message: ({ value }) => `${value} leaves nothing to run or to keep anything in.`,
    hint: () => "Leave it out to ask for nothing.",
  }),
  "quantity.exa": entry<Doubtful>({
    severity: "warning",
    class: "user",
    message: ({ value, suggestion }) =>
      `${value} means exa, 10 to the power of 18, and is easily taken for an exponent; ${suggestion} says the same.`,
  }),
  "quantity.exponent": entry<Doubtful>({
    severity: "notice",
    class: "user",
    message: ({ value, suggestion }) => `${value} is read as a power of ten: ${suggestion}.`,
  }),
  "quantity.bare_bytes": entry<Doubtful>({
    severity: "warning",
    class: "user",
    message: ({ value, suggestion }) => `The number ${value} is read as bytes: ${suggestion}.`,
  }),
  "memory.milli": entry<Doubtful>({
    severity: "error",
    class: "user",
    message: ({ value, suggestion }) =>
      `${quote(value)} is not a whole number of bytes${value.endsWith("m") ? ": m is a thousandth" : ""}.${suggestion === undefined ? "" : ` Did you mean ${suggestion}?`}`,
  }),
  "memory.too_small": entry<Doubtful>({
    severity: "error",
    class: "user",
    message: ({ value, suggestion }) =>
      `${quote(value)} of memory is less than 4Mi, too little for any program.${suggestion === undefined ? "" : ` Did you mean ${suggestion}?`}`,
  }),
  "memory.limit_derived": entry<{ requests: string; limits: string }>({
    severity: "notice",
    class: "user",
    message: ({ requests, limits }) =>
      `A bare amount of memory is the request (${requests}) and, times 1.1, the limit (${limits}).`,
    hint: () => "Write { requests, limits } to set them yourself.",
  }),
  "cpu.too_fine": entry<Doubtful>({
    severity: "error",
    class: "user",
    message: ({ value, suggestion }) =>
      `${quote(value)} of a cpu is finer than a thousandth of a core. The next that can be asked for is ${suggestion}.`,
  }),
  "cpu.suspicious": entry<Doubtful>({
    severity: "warning",
    class: "user",
    message: ({ value, suggestion }) =>
      `${quote(value)} is read as that many cores.${suggestion === undefined ? "" : ` Did you mean ${suggestion}, thousandths of a core?`}`,
  }),
  "gpu.fractional": entry<Doubtful>({
    severity: "error",
    class: "user",
    message: ({ value, suggestion }) =>
      `A GPU cannot be shared: ${value} must be a whole number.${suggestion === undefined ? "" : ` Did you mean ${suggestion}?`}`,
  }),
  "gpu.unequal": entry<{ requests: string; limits: string }>({
    severity: "error",
    class: "user",
    message: ({ requests, limits }) =>
      `GPUs are given whole: the request of ${requests} must equal the limit of ${limits}.`,
  }),
  "gpu.types": entry<{ first: string; second: string }>({
    severity: "error",
    class: "user",
    message: ({ first, second }) => `A run has one type of GPU: ${first} or ${second}, not both.`,
  }),
  "gpu.limit_copied": entry<{ requests: string }>({
    severity: "notice",
    class: "user",
    message: ({ requests }) => `Kubernetes wants a limit for GPUs: the request of ${requests} is also the limit.`,
  }),
  "resources.request_over_limit": entry<{ resource: string; requests: string; limits: string }>({
    severity: "error",
    class: "user",
    message: ({ resource, requests, limits }) =>
      `${resource}: the request of ${requests} is more than the limit of ${limits}.`,
  }),
}

function misspelt({ value, suggestions }: Misspelt): string {
  const question = suggestions.length === 0 ? "" : ` Did you mean ${either(suggestions.map(withBytes))}?`
  return `${quote(value)} is not a Kubernetes quantity.${question}`
}

/** `64Gi (68,719,476,736 bytes)` where the suffix is one of size. */
function withBytes(text: string): string {
  const quantity = /[kMGTPE]i?$/i.test(text) ? parseQuantity(text) : undefined
  return quantity === undefined ? text : `${text} (${toUnits(quantity).toLocaleString("en-US")} bytes)`
}
