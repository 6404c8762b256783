const label = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/
const serviceLabel = /^[a-z]([-a-z0-9]*[a-z0-9])?$/
const qualifiedName = /^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$/
const objectKey = /^[-._a-zA-Z0-9]+$/
const identifier = /^[A-Za-z_][A-Za-z0-9_]*$/

/** A DNS-1123 label: `[a-z0-9]([-a-z0-9]*[a-z0-9])?`, at most 63 characters. */
export function isDnsLabel(text: string): boolean {
  return text.length <= 63 && label.test(text)
}

/** DNS-1123 labels joined by dots, at most 253 characters: the name of a ConfigMap, a Secret, a claim. */
export function isDnsSubdomain(text: string): boolean {
  return text.length <= 253 && text.split(".").every((part) => label.test(part))
}

/** A DNS-1035 label, the name of a Service: as a DNS-1123 label, but it begins with a letter. */
export function isServiceName(text: string): boolean {
  return text.length <= 63 && serviceLabel.test(text)
}

/** A label key: `[prefix/]name`, prefix a DNS name, name at most 63 characters of `[-A-Za-z0-9_.]`. */
export function isLabelKey(text: string): boolean {
  const slash = text.indexOf("/")
  if (slash >= 0 && !isDnsSubdomain(text.slice(0, slash))) return false
  const name = text.slice(slash + 1)
  return name.length <= 63 && qualifiedName.test(name)
}

/** A label value: at most 63 characters of `[-A-Za-z0-9_.]`, alphanumeric at both ends, or empty. */
export function isLabelValue(text: string): boolean {
  return text === "" || (text.length <= 63 && qualifiedName.test(text))
}

/** A key of a ConfigMap or Secret, or the name of a project secret: at most 253 of `[-._a-zA-Z0-9]`, not `.` or `..`. */
export function isObjectKey(text: string): boolean {
  return text.length <= 253 && objectKey.test(text) && text !== "." && text !== ".."
}

/** A name that a shell can read as a variable: `[A-Za-z_][A-Za-z0-9_]*`. */
export function isIdentifier(text: string): boolean {
  return identifier.test(text)
}

/** The upper-case alias of a secret whose name is no identifier: `my-secret` → `MY_SECRET`; undefined when it needs none. */
export function secretAlias(name: string): string | undefined {
  if (isIdentifier(name)) return undefined
  const alias = name.toUpperCase().replaceAll(/[^A-Z0-9_]/g, "_")
  return /^[0-9]/.test(alias) ? `_${alias}` : alias
}

/** The nearest DNS-1123 label of a text; undefined when nothing of it is left. */
export function toDnsLabel(text: string): string | undefined {
  const cleaned = text.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-")
  const trimmed = cleaned.slice(0, 63).replaceAll(/^-+|-+$/g, "")
  return trimmed === "" ? undefined : trimmed
}
