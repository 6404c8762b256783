export { BerthError, type ErrorCode, type Finding, type LogLine, type RunState } from "@berth/spec"
export type { CallOptions } from "./call-options.ts"
export { type Client, type ClientOptions, createClient } from "./client.ts"
export { type CodeInput, packCode } from "./code-input.ts"
export type { BerthFunction, FunctionEntity, Plan, RunOptions, SubmitOptions } from "./function.ts"
export type { FunctionFilter, Functions } from "./functions.ts"
export type { ProfileDefinition, Profiles } from "./profiles.ts"
export type {
  ActionOf,
  ActionsByKind,
  ContainerDefinition,
  ContainerOptions,
  DefinitionOf,
  FunctionDefinition,
  HandlerDefinition,
  HandlerOptions,
  NodeDefinition,
  ProgramOptions,
  PythonDefinition,
  RequirementsFor,
} from "./program.ts"
export type { Project, ProjectObjects, ProjectPolicy } from "./project.ts"
export type { ProjectDefinition, Projects } from "./projects.ts"
export type { Run } from "./run.ts"
export type { LogOptions } from "./run-logs.ts"
export type { RunFilter, Runs } from "./runs.ts"
export type { Secrets } from "./secrets.ts"
export type { Tasks } from "./tasks.ts"
export type { CallRequest, Transport } from "./transport.ts"
export type { WaitOptions } from "./wait.ts"
