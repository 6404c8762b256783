import {
  type EntityBody,
  type FunctionKind,
  inputToWire,
  type JsonObject,
  type RequirementsInput,
  type RouteResult,
  type Routes,
} from "@berth/spec"
import { packCode } from "./code-input.ts"
import type { FunctionDefinition } from "./program.ts"

type FunctionEntity = RouteResult<Routes["readFunction"]>

/** The wire form of a definition. Members that are not known here go along, for the server to judge. */
export async function toFunctionBody(definition: FunctionDefinition): Promise<EntityBody & { spec: JsonObject }> {
  const { name, kind, description, labels, ...rest } = definition
  const { program, requirements } = kind === "container" ? splitContainer(rest) : await splitHandler(kind, rest)
  return {
    name,
    kind,
    ...((description !== undefined || labels !== undefined) && {
      metadata: {
        ...(description !== undefined && { description }),
        ...(labels !== undefined && { labels: [...labels] }),
      },
    }),
    spec: { ...withoutAbsent(program), ...inputToWire(requirements as RequirementsInput) },
  }
}

type Rest = Readonly<Record<string, unknown>>

function splitContainer(rest: Rest): { program: Rest; requirements: Rest } {
  const { image, imagePullPolicy, command, ...requirements } = rest
  return { program: { image, image_pull_policy: imagePullPolicy, command }, requirements }
}

async function splitHandler(kind: FunctionKind, rest: Rest): Promise<{ program: Rest; requirements: Rest }> {
  const { handler, code, initFunction, image, requirements: packages, pythonVersion, ...requirements } = rest
  const { base64, name } = await packCode(code as never)
  const source = withoutAbsent({
    handler,
    init_function: initFunction,
    source: name,
    base64,
    lang: kind === "python" ? "python" : "typescript",
  })
  return { program: { source, image, requirements: packages, python_version: pythonVersion }, requirements }
}

/** The body of a run or of its plan: what the program is told, then what it requires. */
export function toRunBody(
  fn: FunctionEntity,
  action: string,
  options: { readonly task: string; readonly reference: string; readonly values: Rest },
): EntityBody {
  const { args, inputs, parameters, initParameters, name, labels, ...requirements } = options.values
  return {
    kind: `${fn.kind}+${action}:run`,
    ...(typeof name === "string" && { name }),
    ...(Array.isArray(labels) && { metadata: { labels: [...labels] } }),
    spec: {
      task: options.task,
      function: options.reference,
      ...withoutAbsent({ args, inputs, parameters, init_parameters: initParameters }),
      ...inputToWire(requirements as RequirementsInput),
    },
  }
}

function withoutAbsent(members: Rest): JsonObject {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as JsonObject
}
