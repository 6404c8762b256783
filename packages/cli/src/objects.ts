import { readdir, readFile, stat } from "node:fs/promises"
import { dirname, join, resolve } from "node:path"
import { BerthError, isJsonObject, type JsonObject } from "@berth/spec"
import { parseAllDocuments } from "yaml"

const sourceAnnotation = "berth.dev/source"

/**
 * The Kubernetes manifests of a file, or of every `.yaml`, `.yml` and `.json` file of a folder. A claim's source
 * folder is meant from where its manifest lies.
 *
 * @throws BerthError `invalid` for what is no manifest
 */
export async function readObjects(path: string): Promise<JsonObject[]> {
  const files = (await stat(path).catch(() => notThere(path))).isDirectory() ? await manifestFiles(path) : [path]
  const objects = await Promise.all(files.map(async (file) => parseManifests(file, await readFile(file, "utf8"))))
  return objects.flat()
}

async function manifestFiles(folder: string): Promise<string[]> {
  const names = await readdir(folder)
  return names
    .filter((name) => /\.(ya?ml|json)$/.test(name))
    .sort()
    .map((name) => join(folder, name))
}

function parseManifests(file: string, text: string): JsonObject[] {
  const parsed = parseAllDocuments(text)
  return ("empty" in parsed ? [] : parsed).flatMap((yaml) => {
    const [broken] = yaml.errors
    if (broken !== undefined) throw new BerthError("invalid", `${file} is no YAML: ${broken.message}`)
    const manifest: unknown = yaml.toJS({ maxAliasCount: 100 })
    if (manifest === null) return []
    if (!isJsonObject(manifest) || typeof manifest.kind !== "string") {
      throw new BerthError("invalid", `${file} holds something that is no Kubernetes manifest: it needs a kind.`)
    }
    const items =
      manifest.kind === "List" && Array.isArray(manifest.items) ? manifest.items.filter(isJsonObject) : [manifest]
    return items.map((item) => resolveSource(item, dirname(file)))
  })
}

function resolveSource(manifest: JsonObject, folder: string): JsonObject {
  const { metadata } = manifest
  if (!isJsonObject(metadata) || !isJsonObject(metadata.annotations)) return manifest
  const source = metadata.annotations[sourceAnnotation]
  if (typeof source !== "string") return manifest
  const annotations = { ...metadata.annotations, [sourceAnnotation]: resolve(folder, source) }
  return { ...manifest, metadata: { ...metadata, annotations } }
}

function notThere(path: string): never {
  throw new BerthError("invalid", `There is no file or folder ${path} for --objects.`)
}
