import type { Path } from "@berth/spec"
import { isCollection, isMap, isNode, isPair, isScalar, type Node } from "yaml"
import type { SourceText } from "./document.ts"

export interface Position {
  /** From 1. */
  readonly line: number
  /** From 1. */
  readonly column: number
}

/**
 * Where a path stands in its file: at the value, or at the key when the key is what is wrong (`at: "key"`).
 * A path that is not there stands at its nearest parent.
 */
export function positionOf(source: SourceText, path: Path, at: "key" | "value" = "value"): Position {
  let node: Node | null = source.yaml.contents
  let offset = startOf(node)
  for (const [depth, part] of path.entries()) {
    const step: Step | undefined = node === null ? undefined : stepInto(node, part)
    if (step === undefined) break
    offset = at === "key" && depth === path.length - 1 ? step.key : (startOf(step.node) ?? step.key)
    node = step.node
  }
  const { line, col } = source.lines.linePos(offset ?? 0)
  return { line, column: col }
}

interface Step {
  readonly node: Node | null
  readonly key: number
}

function stepInto(node: Node, part: string | number): Step | undefined {
  if (isMap(node)) {
    const pair = node.items.find(
      (item) => isPair(item) && isScalar(item.key) && String(item.key.value) === String(part),
    )
    if (pair === undefined || !isNode(pair.key)) return undefined
    return { node: isNode(pair.value) ? pair.value : null, key: startOf(pair.key) ?? 0 }
  }
  if (isCollection(node) && typeof part === "number") {
    const item = node.items[part]
    return isNode(item) ? { node: item, key: startOf(item) ?? 0 } : undefined
  }
  return undefined
}

function startOf(node: Node | null | undefined): number | undefined {
  return node?.range?.[0]
}
