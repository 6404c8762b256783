import {
  actions,
  createFinding,
  didYouMean,
  type Finding,
  type FunctionKind,
  functionKinds,
  isJsonObject,
  type JsonObject,
  normalise,
} from "@berth/spec"
import { LineCounter, parseAllDocuments, type Document as YamlDocument } from "yaml"

/** One function of a file, and the run that is asked of it. */
export interface FunctionDocument {
  readonly file: string
  readonly kind: FunctionKind
  readonly name: string
  readonly project?: string
  /** The function's own members (image, command, handler, code …), as written. */
  readonly spec: JsonObject
  /** `job` unless the file names another. */
  readonly action: string
  /** What stands under `run`, without `action`. */
  readonly run: JsonObject
  readonly source: SourceText
}

/** A YAML document that still knows where everything stands. */
export interface SourceText {
  readonly file: string
  readonly yaml: YamlDocument.Parsed
  readonly lines: LineCounter
}

/** A finding and the document it stands in; its path starts at the document's root. */
export interface FileFinding {
  readonly source: SourceText
  readonly finding: Finding
}

export interface ReadDocuments {
  readonly documents: readonly FunctionDocument[]
  readonly problems: readonly FileFinding[]
}

const ownMembers = ["kind", "name", "project", "run", "metadata", "description", "labels"] as const

const functionMembers: Record<FunctionKind, readonly string[]> = {
  container: ["image", "base_image", "image_pull_policy", "command", "args", "source", "code"],
  python: ["handler", "init_function", "requirements", "python_version", "image", "base_image", "source", "code"],
  node: ["handler", "init_function", "image", "base_image", "source", "code"],
}

/** Reads every function of a YAML file; what is wrong with the file itself is a problem at its place. */
export function readDocuments(file: string, text: string): ReadDocuments {
  const lines = new LineCounter()
  const parsed = parseAllDocuments(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: true })
  const yamls = "empty" in parsed ? [] : parsed
  const documents: FunctionDocument[] = []
  const problems: FileFinding[] = []
  for (const yaml of yamls) {
    const source: SourceText = { file, yaml, lines }
    const read = readDocument(source)
    if ("problems" in read) problems.push(...read.problems.map((finding) => ({ source, finding })))
    else documents.push(read)
  }
  return { documents, problems }
}

function readDocument(source: SourceText): FunctionDocument | { problems: Finding[] } {
  const broken = source.yaml.errors.map((error) => {
    const { line, col } = source.lines.linePos(error.pos[0])
    return createFinding("file.syntax", { line, column: col, detail: error.message })
  })
  if (broken.length > 0) return { problems: broken }
  const content = toJson(source)
  if (!isJsonObject(content))
    return { problems: [createFinding("file.shape", { detail: "a function is a map of kind, name and run" })] }
  const problems = [...checkIdentity(content), ...checkMembers(content)]
  // One screen for everything: what the server would find in the run is looked for here when it will not be asked.
  if (problems.length > 0) return { problems: [...problems, ...checkRun(content)] }
  return toFunction(source, content)
}

/** The document as JSON; aliases are expanded a limited number of times only. */
function toJson(source: SourceText): unknown {
  return source.yaml.toJS({ maxAliasCount: 100 })
}

function checkIdentity(content: JsonObject): Finding[] {
  const problems: Finding[] = []
  if (!isKind(content.kind)) {
    problems.push(
      createFinding(
        "file.kind",
        { kind: String(content.kind ?? ""), kinds: [...functionKinds], ...suggestKind(content.kind) },
        { path: ["kind"] },
      ),
    )
  }
  if (typeof content.name !== "string" || content.name === "") {
    problems.push(createFinding("file.shape", { detail: "a function needs a name" }, { path: ["name"] }))
  }
  if (content.run !== undefined && content.run !== null && !isJsonObject(content.run)) {
    problems.push(createFinding("file.shape", { detail: "run is a map of action and requirements" }, { path: ["run"] }))
  }
  if (isJsonObject(content.run)) problems.push(...checkAction(content.run))
  return problems
}

/** What can be done with a function from a file. */
const fileActions: readonly string[] = actions.filter((action) => action !== "build")

function checkAction(run: JsonObject): Finding[] {
  const { action } = run
  if (action === undefined || fileActions.some((known) => known === action)) return []
  const suggestion = typeof action === "string" ? didYouMean(action, fileActions) : undefined
  const data = { action: String(action), actions: fileActions, ...(suggestion !== undefined && { suggestion }) }
  return [createFinding("file.action", data, { path: ["run", "action"] })]
}

const runMembers = ["action", "parameters", "inputs", "init_parameters", "args", "values"]

/** The mistakes in a run's requirements that need no server to be seen. */
function checkRun({ kind, run }: JsonObject): Finding[] {
  if (!isJsonObject(run) || !isKind(kind)) return []
  const knownMembers = [...runMembers, ...functionMembers[kind]]
  return normalise(run, { unknownKeys: "error", knownMembers }).findings.map(({ fix: _fix, ...finding }) => ({
    ...finding,
    path: ["run", ...(finding.path ?? [])],
  }))
}

function checkMembers(content: JsonObject): Finding[] {
  if (!isKind(content.kind)) return []
  const known = [...ownMembers, ...functionMembers[content.kind]]
  return Object.keys(content)
    .filter((key) => !known.includes(key))
    .map((key) => {
      const suggestion = didYouMean(key, known)
      return createFinding("field.unknown", { key, ...(suggestion !== undefined && { suggestion }) }, { path: [key] })
    })
}

function suggestKind(kind: unknown): { suggestion?: string } {
  const suggestion = typeof kind === "string" ? didYouMean(kind, functionKinds) : undefined
  return suggestion === undefined ? {} : { suggestion }
}

function isKind(kind: unknown): kind is FunctionKind {
  return functionKinds.some((known) => known === kind)
}

function toFunction(source: SourceText, content: JsonObject): FunctionDocument {
  const { kind, name, project, run, ...rest } = content
  const { action, ...requested } = isJsonObject(run) ? run : {}
  const spec = Object.fromEntries(Object.entries(rest).filter(([key]) => !ownMembers.some((own) => own === key)))
  return {
    file: source.file,
    kind: kind as FunctionKind,
    name: name as string,
    ...(typeof project === "string" && { project }),
    spec,
    action: typeof action === "string" ? action : "job",
    run: requested,
    source,
  }
}
