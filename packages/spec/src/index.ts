export {
  type Affinity,
  type NodeAffinity,
  type NodeSelector,
  type NodeSelectorTerm,
  type NodeSelectorRequirement,
  type PreferredSchedulingTerm,
  type PodAffinity,
  type WeightedPodAffinityTerm,
  type PodAffinityTerm,
  type LabelSelector,
  type LabelSelectorRequirement,
} from "./affinity.ts"
export {
  parseDuration,
  formatDuration,
} from "./duration.ts"
export {
  type FunctionKind,
  type Action,
  type Entity,
  type EntityMetadata,
  type RunEntity,
  type RunStatus,
  type RunTransition,
  type ResolvedRun,
  type AttemptStatus,
  type BuiltRun,
  type Profile,
  type ProfileMode,
  type Policy,
  type PolicyRule,
  type Page,
  type LogLine,
  type ProjectEvent,
  type Primitive,
  functionKinds,
  actions,
} from "./entity.ts"
export {
  type ErrorCode,
  type ErrorBody,
  type BerthErrorOptions,
  httpStatus,
  BerthError,
} from "./error.ts"
export {
  type Cancelable,
  type AttemptRef,
  type Attempt,
  type Program,
  type ContainerProgram,
  type HandlerProgram,
  type Code,
  type Verdict,
  type Fix,
  type Parity,
  type PlanRequest,
  type Inventory,
  type InventoryNode,
  type Observation,
  type Service,
  type Exit,
  type LogSource,
  type Cursor,
  type LogChunk,
  type Executor,
} from "./executor.ts"
export {
  type Severity,
  type FindingClass,
  type PatchOperation,
  type Finding,
  type FindingContext,
  type FindingEntry,
  createFinding,
} from "./finding.ts"
export {
  type NodeFit,
  type FitRequest,
  fitNode,
  effectiveRequests,
} from "./fit.ts"
export {
  type QuantityInput,
  type RequirementsInput,
  type ResourcesInput,
  type BoundsInput,
  type VolumeInput,
} from "./input.ts"
export {
  type Json,
  type JsonObject,
  isJsonObject,
} from "./json.ts"
export {
  type RunState,
  runStates,
  transitions,
  canTransition,
  isAtRest,
  isFinal,
  canStop,
  canResume,
  canDelete,
} from "./lifecycle.ts"
export {
  type Normalised,
  type NormaliseOptions,
  normalise,
} from "./normalise.ts"
export {
  type Path,
  formatPath,
  toPointer,
} from "./path.ts"
export {
  type LayerName,
  type Origin,
  type Provenance,
  layerNames,
} from "./provenance.ts"
export {
  type Quantity,
  parseQuantity,
  formatQuantity,
  compareQuantities,
  addQuantities,
  subtractQuantities,
  toUnits,
  toMilli,
} from "./quantity.ts"
export {
  type Requirements,
  type QuantityText,
  type ResourceBounds,
  type Resources,
  type GpuBounds,
  type VolumeType,
  type KeyToPath,
  type Volume,
  type ExistingClaim,
  type ManagedClaim,
  type ConfigMapSource,
  type SecretSource,
  type EmptyDirSource,
  type EphemeralSource,
  type ImageSource,
  type Toleration,
  type TaintEffect,
  type EnvVar,
  type SecretRef,
  type SecurityContext,
  type DurationText,
  type Timeouts,
  type Retries,
  type ServicePort,
  type ServiceType,
  type RequirementsLayer,
  volumeTypes,
} from "./requirements.ts"
export {
  type Layer,
  type Resolved,
  resolve,
} from "./resolve.ts"
export {
  type RunnerCall,
  type RunnerContext,
  type RunnerResult,
  type RunnerError,
  platformVariables,
  runnerVariables,
  maxResultBytes,
  maxCodeBytes,
} from "./runner.ts"
export {
  type FindingCode,
  type FindingData,
  vocabulary,
} from "./vocabulary.ts"
export {
  toWire,
  inputToWire,
} from "./wire.ts"
