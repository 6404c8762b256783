import type { Finding } from "../finding.ts"
import { isJsonObject } from "../json.ts"
import { isLabelKey, isLabelValue } from "../labels.ts"
import { toPointer } from "../path.ts"
import type { Toleration } from "../requirements.ts"
import { tolerationSchema } from "../schema/schema.ts"
import { type Given, named, type Reading, removal, removeOperation } from "./reading.ts"
import { givenMember, type Hooks, readShape } from "./shape.ts"
import { readList } from "./values.ts"

const maxTolerations = 100

/** A list of tolerations; a single one is a list of one. */
export function readTolerations(given: Given, reading: Reading): readonly Toleration[] | undefined {
  const entries = readList(given, { max: maxTolerations, wrap: isJsonObject }, reading)
  const tolerations: Toleration[] = []
  for (const entry of entries ?? []) {
    const place = named(entry, `${given.name}.${tolerations.length}`)
    const read = readShape({ schema: tolerationSchema, hooks }, withoutEmpty(place), reading)
    if (read !== undefined) tolerations.push(read as Toleration)
  }
  return entries && tolerations
}

/** An empty operator, effect or key means what an absent one means. */
function withoutEmpty(given: Given): Given {
  if (!isJsonObject(given.value)) return given
  const kept = Object.entries(given.value).filter(
    ([key, value]) => !(value === "" && ["operator", "effect", "key"].includes(key)),
  )
  return { ...given, value: Object.fromEntries(kept) }
}

const hooks: Hooks = new Map([[tolerationSchema, { after: checkToleration }]])

function checkToleration(given: Given, value: object, reading: Reading): object | undefined {
  const toleration: Toleration = value
  const problems = reading.findings.length
  checkNames(given, toleration, reading)
  const isExists = toleration.operator === "Exists"
  const valueGiven = givenMember(given, "value")
  if (isExists && valueGiven !== undefined && (toleration.value ?? "") !== "") {
    reading.say("toleration.exists_with_value", { value: toleration.value ?? "" }, removal(valueGiven))
  }
  if (toleration.key === undefined && !isExists) {
    const operator = toPointer([...given.path, "operator"])
    const isBare = toleration.operator === undefined && toleration.value === undefined
    const fix = isBare ? { fix: [{ op: "add", path: operator, value: "Exists" }] as const } : {}
    reading.say("toleration.key_missing", {}, { path: given.path, ...fix })
  }
  if (reading.findings.slice(problems).some(isError)) return undefined
  return withoutEmptyValue(checkSeconds(given, toleration, reading), isExists)
}

function isError(finding: Finding): boolean {
  return finding.severity === "error"
}

function checkNames(given: Given, toleration: Toleration, reading: Reading): void {
  const { key, value } = toleration
  const [keyGiven, valueGiven] = [givenMember(given, "key"), givenMember(given, "value")]
  if (key !== undefined && keyGiven !== undefined && !isLabelKey(key)) {
    reading.say("label.key", { key }, { path: keyGiven.path })
  }
  if (value !== undefined && valueGiven !== undefined && !isLabelValue(value)) {
    reading.say("label.value", { value }, { path: valueGiven.path })
  }
}

/** Seconds are for NoExecute alone: Kubernetes refuses them elsewhere, so they are dropped, as the page needs. */
function checkSeconds(given: Given, toleration: Toleration, reading: Reading): Toleration {
  const seconds = givenMember(given, "toleration_seconds")
  if (toleration.tolerationSeconds === undefined || toleration.effect === "NoExecute" || seconds === undefined) {
    return toleration
  }
  const effect = toleration.effect ?? "no effect"
  reading.say("toleration.seconds_dropped", { effect }, { path: seconds.path, fix: [removeOperation(seconds)] })
  const { tolerationSeconds: _dropped, ...rest } = toleration
  return rest
}

function withoutEmptyValue(toleration: Toleration, isExists: boolean): Toleration {
  if (!isExists || toleration.value !== "") return toleration
  const { value: _empty, ...rest } = toleration
  return rest
}
