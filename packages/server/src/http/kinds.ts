import { type Action, actions, BerthError, type FunctionKind, functionKinds } from "@berth/spec"

/** What a task's or a run's kind says. */
export interface ParsedKind {
  readonly functionKind: FunctionKind
  /** Absent in DigitalHub's old run kinds `container+run`: the task says it. */
  readonly action?: Action
}

export function isFunctionKind(kind: string): kind is FunctionKind {
  return functionKinds.some((known) => known === kind)
}

function isAction(text: string): text is Action {
  return actions.some((known) => known === text)
}

/** `container+job`; undefined for a kind there is none of. */
export function parseTaskKind(kind: string): Required<ParsedKind> | undefined {
  const [functionKind = "", action = "", ...more] = kind.split("+")
  if (more.length > 0 || !isFunctionKind(functionKind) || !isAction(action)) return undefined
  return { functionKind, action }
}

/** `container+job:run`, and `container+run` of old clients; undefined for a kind there is none of. */
export function parseRunKind(kind: string): ParsedKind | undefined {
  const [functionKind = "", run, ...more] = kind.split("+")
  if (run === "run" && more.length === 0 && isFunctionKind(functionKind)) return { functionKind }
  return kind.endsWith(":run") ? parseTaskKind(kind.slice(0, -":run".length)) : undefined
}

/** What DigitalHub's clients are told for a kind they made up. */
export function noSuchKind(kind: string): BerthError {
  return new BerthError("not_found", `No such spec. There is no kind ${JSON.stringify(kind)}.`)
}
