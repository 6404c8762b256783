/** `mountPath` → `mount_path`: for names of ours, never for a user's own keys. */
export function toSnakeCase(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
}

/** `mount_path` → `mountPath`: for names of ours, never for a user's own keys. */
export function toCamelCase(name: string): string {
  return name.replaceAll(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase())
}
