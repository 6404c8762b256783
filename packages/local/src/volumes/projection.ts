import { createFinding, type Finding, type JsonObject, type Volume } from "@berth/spec"
import { findObject, memberOf, textsOf } from "../objects.ts"

/** A file of a projected ConfigMap or Secret. */
export interface ProjectedFile {
  /** Relative path below the mount path. */
  readonly path: string
  readonly bytes: Buffer
  readonly mode: number
}

type Projected = Extract<Volume, { volumeType: "config_map" | "secret" }>

/** The files of a ConfigMap or Secret volume, or what they wait for. An optional object that is absent has no files. */
export function projectFiles(
  volume: Projected,
  objects: readonly JsonObject[],
): { readonly files: readonly ProjectedFile[]; readonly findings: readonly Finding[] } {
  const source = sourceOf(volume)
  const object = findObject(objects, source.kind, source.name)
  if (object === undefined) return { files: [], findings: source.optional ? [] : [source.missing] }
  const contents = source.read(object)
  const items = volume.spec.items ?? Object.keys(contents).map((key) => ({ key, path: key }))
  const findings: Finding[] = []
  const files: ProjectedFile[] = []
  for (const item of items) {
    const bytes = Object.hasOwn(contents, item.key) ? contents[item.key] : undefined
    if (bytes !== undefined) {
      const mode = "mode" in item && item.mode !== undefined ? item.mode : source.mode
      files.push({ path: item.path, bytes, mode })
    } else if (!source.optional) findings.push(missingKey(volume, source, { key: item.key, contents }))
  }
  return { files, findings }
}

interface Source {
  readonly kind: "ConfigMap" | "Secret"
  readonly name: string
  readonly optional: boolean
  readonly mode: number
  readonly missing: Finding
  read(object: JsonObject): Readonly<Record<string, Buffer>>
}

function sourceOf(volume: Projected): Source {
  const optional = volume.spec.optional === true
  if (volume.volumeType === "config_map") {
    const { name } = volume.spec
    const missing = createFinding("volume.config_map.missing", { volume: volume.name, name })
    return { kind: "ConfigMap", name, optional, mode: 0o644, missing, read: readConfigMap }
  }
  const name = volume.spec.secretName
  const missing = createFinding("volume.secret.missing", { volume: volume.name, name })
  return { kind: "Secret", name, optional, mode: 0o400, missing, read: readSecret }
}

function readConfigMap(object: JsonObject): Readonly<Record<string, Buffer>> {
  return { ...decode(memberOf(object, "data"), "utf8"), ...decode(memberOf(object, "binaryData"), "base64") }
}

function readSecret(object: JsonObject): Readonly<Record<string, Buffer>> {
  return { ...decode(memberOf(object, "data"), "base64"), ...decode(memberOf(object, "stringData"), "utf8") }
}

function decode(texts: JsonObject, encoding: "utf8" | "base64"): Record<string, Buffer> {
  return Object.fromEntries(Object.entries(textsOf(texts)).map(([key, text]) => [key, Buffer.from(text, encoding)]))
}

function missingKey(
  volume: Projected,
  source: Source,
  lookup: { readonly key: string; readonly contents: Readonly<Record<string, Buffer>> },
): Finding {
  return createFinding("volume.key.missing", {
    volume: volume.name,
    kind: source.kind,
    name: source.name,
    key: lookup.key,
    available: Object.keys(lookup.contents).sort(),
  })
}
