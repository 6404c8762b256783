import type { Action, FunctionKind, JsonObject, RequirementsInput } from "@berth/spec"
import type { CodeInput } from "./code-input.ts"

/** What can be done with each kind of function. */
export interface ActionsByKind {
  readonly container: "job" | "serve" | "deploy" | "build"
  readonly python: "job" | "serve" | "build"
  readonly node: "job" | "serve"
}

/** The actions of a kind of function. */
export type ActionOf<Kind extends FunctionKind> = ActionsByKind[Kind]

/** A function to be created. Requirements beside the program are its defaults, the lowest layer a user sets. */
export type FunctionDefinition = ContainerDefinition | PythonDefinition | NodeDefinition

/** What a function of every kind has. */
export interface DefinitionBase extends RequirementsInput {
  /** 1 to 255 letters, digits, `.`, `_`, `+`, `-`. The same name again is a new version of the function. */
  readonly name: string
  /** For people. */
  readonly description?: string
  /** For lists. */
  readonly labels?: readonly string[]
}

/** A command in a container image. */
export interface ContainerDefinition extends DefinitionBase {
  readonly kind: "container"
  /** `registry/name:tag`. The local engine `process` runs on the host and says that it ignores the image. */
  readonly image?: string
  /** Default: as the cluster decides. */
  readonly imagePullPolicy?: "Always" | "IfNotPresent" | "Never"
  /** The program and its first arguments. A string is one argument, spaces included. Default: the image's own. */
  readonly command?: string | readonly string[]
}

/** A handler in code. */
export interface HandlerDefinition extends DefinitionBase {
  /** `module.path:name` (python), `file.ts:name` (node). */
  readonly handler: string
  /** What is run. */
  readonly code: CodeInput
  /** Called once before the handler, in the same module. */
  readonly initFunction?: string
  /** Default: the server's image for the kind. The local executor ignores it. */
  readonly image?: string
}

/** A Python handler: called with inputs and parameters by name; what it returns is the run's result. */
export interface PythonDefinition extends HandlerDefinition {
  readonly kind: "python"
  /** pip requirement lines (`scikit-learn==1.7.2`). Default: the standard library only. */
  readonly requirements?: readonly string[]
  /** Default: what the server has. */
  readonly pythonVersion?: "PYTHON3_10" | "PYTHON3_11" | "PYTHON3_12" | "PYTHON3_13"
}

/** A TypeScript or JavaScript handler on Node, without a build step. */
export interface NodeDefinition extends HandlerDefinition {
  readonly kind: "node"
}

/** The definition of one kind. */
export type DefinitionOf<Kind extends FunctionKind> = Extract<FunctionDefinition, { readonly kind: Kind }>

/** What a run of a kind of function is told, beside its requirements. */
export type ProgramOptions<Kind extends FunctionKind> = Kind extends "container" ? ContainerOptions : HandlerOptions

/** What a command is told. */
export interface ContainerOptions {
  /** Arguments after the command. Default: none. */
  readonly args?: readonly string[]
}

/** What a handler is told. */
export interface HandlerOptions {
  /** Values for the handler's arguments, by name. JSON. */
  readonly parameters?: JsonObject
  /** Keys of entities for the handler's arguments, by name. */
  readonly inputs?: JsonObject
  /** Values for `initFunction`, by name. JSON. */
  readonly initParameters?: JsonObject
}

type ServiceMember = "servicePorts" | "serviceType" | "serviceName"

/** The requirements that an action can have: ports for `serve`, copies for `serve` and `deploy`. */
export type RequirementsFor<Kind extends Action> = Kind extends "serve"
  ? RequirementsInput
  : Kind extends "deploy"
    ? Omit<RequirementsInput, ServiceMember>
    : Omit<RequirementsInput, ServiceMember | "replicas">
