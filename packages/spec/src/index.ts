export type {
  Affinity,
  LabelSelector,
  LabelSelectorRequirement,
  NodeAffinity,
  NodeSelector,
  NodeSelectorRequirement,
  NodeSelectorTerm,
  PodAffinity,
  PodAffinityTerm,
  PreferredSchedulingTerm,
  WeightedPodAffinityTerm,
} from "./affinity.ts"
export { formatBytes } from "./bytes.ts"
export type {
  EntityBody,
  EntityChange,
  EnvelopeBody,
  MetadataBody,
  ObjectsBody,
  ProjectBody,
  TokenBody,
} from "./contract/body.ts"
export {
  type EntityParams,
  type ProjectParams,
  type RunEvent,
  type RunParams,
  runEvents,
} from "./contract/path-params.ts"
export type {
  CascadeQuery,
  ListQuery,
  LogQuery,
  NamedDeleteQuery,
  RunListQuery,
  SubmitQuery,
  TaskListQuery,
  VersionedListQuery,
} from "./contract/query.ts"
export {
  type AuthResult,
  type CreatedToken,
  type ExplainResult,
  errorResult,
  type HealthResult,
  type LogEnd,
  type LogEntity,
  type ObjectsResult,
  type PlanResult,
  type SecretWriteResult,
  type ShareEntity,
  type TaskEntity,
  type TokenEntity,
} from "./contract/result.ts"
export {
  fillPath,
  type Route,
  type RouteBody,
  type RouteParams,
  type RouteQuery,
  type RouteResult,
  type RouteRole,
} from "./contract/route.ts"
export { apiLevel, type RouteName, type Routes, routes } from "./contract.ts"
export { didYouMean } from "./did-you-mean.ts"
export { defaultQueuedTimeout, formatDuration, parseDuration } from "./duration.ts"
export {
  type Action,
  type AttemptStatus,
  actions,
  type BuiltRun,
  type Entity,
  type EntityMetadata,
  type FunctionKind,
  functionKinds,
  type LogLine,
  type Page,
  type Policy,
  type PolicyRule,
  type Primitive,
  type Profile,
  type ProfileMode,
  type ProjectEvent,
  type ResolvedRun,
  type RunEntity,
  type RunStatus,
  type RunTransition,
} from "./entity.ts"
export { isPlatformVariable, secretVariable, secretVariables } from "./environment.ts"
export {
  BerthError,
  type BerthErrorOptions,
  type ErrorBody,
  type ErrorCode,
  httpStatus,
} from "./error.ts"
export type {
  Attempt,
  AttemptRef,
  Cancelable,
  Code,
  ContainerProgram,
  Cursor,
  Executor,
  Exit,
  Fix,
  HandlerProgram,
  Inventory,
  InventoryNode,
  LogChunk,
  LogSource,
  Observation,
  Parity,
  PlanRequest,
  Program,
  ProjectEnding,
  Service,
  Verdict,
} from "./executor.ts"
export {
  createFinding,
  type Finding,
  type FindingClass,
  type FindingContext,
  type FindingEntry,
  type PatchOperation,
  type Severity,
} from "./finding.ts"
export {
  effectiveRequests,
  type FitRequest,
  fitNode,
  type NodeFit,
} from "./fit/fit.ts"
export type {
  BoundsInput,
  EnvInput,
  QuantityInput,
  RequirementsInput,
  ResourcesInput,
  VolumeInput,
} from "./input.ts"
export {
  isJsonObject,
  type Json,
  type JsonObject,
} from "./json.ts"
export { applyPatch } from "./json-patch.ts"
export {
  isDnsLabel,
  isDnsSubdomain,
  isIdentifier,
  isLabelKey,
  isLabelValue,
  isObjectKey,
  isServiceName,
  toDnsLabel,
} from "./labels.ts"
export {
  canDelete,
  canResume,
  canStop,
  canTransition,
  isAtRest,
  isFinal,
  type RunState,
  runStates,
  transitions,
} from "./lifecycle.ts"
export { type HistoricForm, historicForms } from "./normalise/historic.ts"
export {
  type Normalised,
  type NormaliseOptions,
  normalise,
  requirementNames,
} from "./normalise/normalise.ts"
export {
  type EndCause,
  type ExitContext,
  exitFinding,
  resultFinding,
} from "./outcome.ts"
export {
  formatPath,
  type Path,
  toPointer,
} from "./path.ts"
export {
  type LayerName,
  layerNames,
  type Origin,
  type Provenance,
} from "./provenance.ts"
export {
  addQuantities,
  compareQuantities,
  createQuantity,
  formatQuantity,
  parseQuantity,
  type Quantity,
  type QuantityFormat,
  scaleQuantity,
  subtractQuantities,
  toMilli,
  toUnits,
} from "./quantity.ts"
export {
  type ConfigMapSource,
  type DurationText,
  type EmptyDirSource,
  type EnvVar,
  type EphemeralSource,
  type ExistingClaim,
  type GpuBounds,
  type ImageSource,
  type KeyToPath,
  type ManagedClaim,
  type QuantityText,
  type Requirements,
  type RequirementsLayer,
  type ResourceBounds,
  type Resources,
  type Retries,
  type SecretRef,
  type SecretSource,
  type SecurityContext,
  type ServicePort,
  type ServiceType,
  type TaintEffect,
  type Timeouts,
  type Toleration,
  type Volume,
  type VolumeType,
  volumeTypes,
} from "./requirements.ts"
export {
  type Layer,
  type ProfileLayer,
  type Resolved,
  resolve,
} from "./resolve/resolve.ts"
export {
  maxCodeBytes,
  maxResultBytes,
  platformVariables,
  type RunnerCall,
  type RunnerContext,
  type RunnerError,
  type RunnerResult,
  runnerVariables,
} from "./runner.ts"
export { requirementsSchema } from "./schema/wire.ts"
export {
  type FindingCode,
  type FindingData,
  vocabulary,
} from "./vocabulary.ts"
export {
  inputToWire,
  toWire,
} from "./wire.ts"
