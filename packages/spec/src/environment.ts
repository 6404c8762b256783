import { secretAlias } from "./labels.ts"
import type { Requirements, SecretRef } from "./requirements.ts"
import { platformVariables } from "./runner.ts"

/** Whether Berth itself sets a variable of this name: `BERTH_*`, `PROJECT_NAME`, `RUN_ID`. */
export function isPlatformVariable(name: string): boolean {
  return name.startsWith("BERTH_") || (platformVariables as readonly string[]).includes(name)
}

/** The variables that a secret is asked to fill: `env`, or its exact name. */
export function secretVariable(secret: SecretRef): string {
  return secret.env ?? secret.name
}

/**
 * Which variable gets which project secret: each under its `env` or exact name, and under its upper-case alias
 * (`my-secret` → `MY_SECRET`) where nothing else has that name. An alias yields to a user's variable, to another
 * secret's name and to what Berth sets.
 *
 * @returns variable → name of the secret
 */
export function secretVariables(
  requirements: Pick<Requirements, "envs" | "secrets">,
): Readonly<Record<string, string>> {
  const secrets = requirements.secrets ?? []
  const variables = new Map(secrets.map((secret) => [secretVariable(secret), secret.name]))
  const taken = new Set([...variables.keys(), ...(requirements.envs ?? []).map((variable) => variable.name)])
  for (const secret of secrets) {
    const alias = secret.env === undefined ? aliasOf(secret.name) : undefined
    if (alias === undefined || taken.has(alias) || isPlatformVariable(alias)) continue
    taken.add(alias)
    variables.set(alias, secret.name)
  }
  return Object.fromEntries(variables)
}

/** The name as a shell can read it, in capitals; undefined where that is no other name. */
function aliasOf(name: string): string | undefined {
  const alias = secretAlias(name) ?? name.toUpperCase()
  return alias === name ? undefined : alias
}
