import {
  type Action,
  type BuiltRun,
  createFinding,
  type Finding,
  type FunctionKind,
  isJsonObject,
  type Json,
  type JsonObject,
  type Resolved,
} from "@berth/spec"
import { buildProgram } from "./build-program.ts"

/** Everything a run is built from. */
export interface BuildInput {
  readonly project: string
  /** The run's id. */
  readonly run: string
  readonly action: Action
  readonly function: {
    readonly name: string
    readonly id: string
    readonly kind: FunctionKind
    readonly spec: JsonObject
  }
  /** Spec of the task; empty when there is none. */
  readonly task: JsonObject
  /** Spec of the run as sent. */
  readonly spec: JsonObject
  readonly resolved: Resolved
  readonly commandRequired: boolean
  /** ISO 8601 UTC. */
  readonly queuedAt: string
}

/** A built run, unless something is missing; the findings say what. */
export interface BuildResult {
  readonly built: BuiltRun | undefined
  /** Of the program and its inputs alone. */
  readonly findings: readonly Finding[]
}

/** Function + requirements → what every attempt of the run starts from. Pure. */
export function buildRun(input: BuildInput): BuildResult {
  const { program, findings } = buildProgram({
    kind: input.function.kind,
    function: input.function.spec,
    run: { ...input.task, ...input.spec },
    commandRequired: input.commandRequired,
  })
  const called = {
    inputs: readObject("inputs", input),
    parameters: readObject("parameters", input),
    initParameters: readObject("init_parameters", input),
  }
  const all = [...findings, ...Object.values(called).flatMap((member) => member.findings)]
  if (program === undefined || all.some(({ severity }) => severity === "error"))
    return { built: undefined, findings: all }
  const { resolved, function: fn } = input
  const attempt: BuiltRun["attempt"] = {
    project: input.project,
    run: input.run,
    function: { name: fn.name, id: fn.id, kind: fn.kind },
    action: input.action,
    program,
    requirements: resolved.requirements,
    provenance: resolved.provenance,
    inputs: called.inputs.value ?? {},
    parameters: called.parameters.value ?? {},
    ...(called.initParameters.value !== undefined && { initParameters: called.initParameters.value }),
    queuedAt: input.queuedAt,
  }
  const built = { attempt, requirements: resolved.requirements, provenance: resolved.provenance, findings: [] }
  return { built, findings: all }
}

/** A map that the run gives, else the task. */
function readObject(
  member: string,
  { spec, task }: BuildInput,
): { readonly value?: JsonObject; readonly findings: readonly Finding[] } {
  const value: Json | undefined = spec[member] ?? task[member]
  if (value === undefined || value === null) return { findings: [] }
  if (isJsonObject(value)) return { value, findings: [] }
  const finding = createFinding("program.invalid", { member, expected: "a map of names to values" }, { path: [member] })
  return { findings: [finding] }
}
