import type { FunctionKind } from "@berth/spec"

/** Members of a function's spec that say what to run; everything else in it is requirements. */
export const functionMembers: Readonly<Record<FunctionKind, readonly string[]>> = {
  container: ["image", "base_image", "image_pull_policy", "command", "args", "source"],
  python: ["source", "handler", "init_function", "python_version", "image", "base_image", "requirements"],
  node: ["source", "handler", "init_function", "image", "base_image", "requirements"],
}

/** Members of a run's own. */
const runOwn = [
  "task",
  "function",
  "workflow",
  "local_execution",
  "args",
  "inputs",
  "parameters",
  "init_parameters",
  "values",
  "outputs",
  "instructions",
]

/** What a task's spec may hold beside requirements. */
export function taskMembers(kind: FunctionKind): readonly string[] {
  return ["function", "workflow", "instructions", "args", ...functionMembers[kind]]
}

/** What a run's spec may hold beside requirements. */
export function runMembers(kind: FunctionKind): readonly string[] {
  return [...runOwn, ...functionMembers[kind]]
}
