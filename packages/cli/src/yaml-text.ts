import { BerthError } from "@berth/spec"
import { parse, stringify, YAMLParseError } from "yaml"

/** YAML 1.1, as kubectl's parser reads it: `yes` and `on` are quoted. */
export function toYaml(value: unknown): string {
  return stringify(value, { version: "1.1" })
}

/**
 * One YAML or JSON document; aliases are expanded a limited number of times only.
 *
 * @param file - Its name, for what is said of it.
 * @throws BerthError `invalid` with the place of what is no YAML
 */
export function parseYaml(text: string, file: string): unknown {
  try {
    return parse(text, { maxAliasCount: 100 })
  } catch (error) {
    if (!(error instanceof YAMLParseError)) throw error
    const [start] = error.linePos ?? []
    const where = start === undefined ? file : `${file}:${start.line}:${start.col}`
    const [what = ""] = error.message.split(" at line ")
    throw new BerthError("invalid", `${where} is no YAML: ${what}.`, { cause: error })
  }
}
