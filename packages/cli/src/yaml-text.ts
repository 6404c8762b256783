import { parse, stringify } from "yaml"

/** YAML 1.1, as kubectl's parser reads it: `yes` and `on` are quoted. */
export function toYaml(value: unknown): string {
  return stringify(value, { version: "1.1" })
}

/** One YAML or JSON document; aliases are expanded a limited number of times only. */
export function parseYaml(text: string): unknown {
  return parse(text, { maxAliasCount: 100 })
}
