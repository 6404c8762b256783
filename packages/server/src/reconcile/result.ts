import { isJsonObject, type JsonObject, maxResultBytes, type RunnerResult } from "@berth/spec"
import * as z from "zod"

const runnerError = z.object({
  stage: z.enum(["load", "raised", "result"]),
  type: z.string(),
  message: z.string(),
  traceback: z.string().optional(),
})

const runnerResult = z.discriminatedUnion("ok", [
  z.object({ version: z.literal(1), ok: z.literal(true), value: z.json() }),
  z.object({ version: z.literal(1), ok: z.literal(false), error: runnerError }),
])

/**
 * The runner's result file as the executor handed it on. The program could write into it too: what is no result, or
 * too large, becomes a result that says so.
 */
export function parseRunnerResult(raw: unknown): RunnerResult | undefined {
  if (raw === undefined || raw === null) return undefined
  const parsed = runnerResult.safeParse(raw)
  if (!parsed.success) return failed("InvalidResultFile", "the result file was not written by the runner")
  const result = parsed.data
  if (!result.ok) {
    const { traceback, ...error } = result.error
    return { version: 1, ok: false, error: { ...error, ...(traceback !== undefined && { traceback }) } }
  }
  const bytes = Buffer.byteLength(JSON.stringify(result.value))
  if (bytes > maxResultBytes) return failed("TooLarge", `${bytes} bytes of JSON`)
  return { version: 1, ok: true, value: result.value }
}

/** What is stored of a handler's value: an object as it is, anything else under `output`. */
export function toResults(result: RunnerResult | undefined): JsonObject | undefined {
  if (result?.ok !== true) return undefined
  return isJsonObject(result.value) ? result.value : { output: result.value }
}

function failed(type: string, message: string): RunnerResult {
  return { version: 1, ok: false, error: { stage: "result", type, message } }
}
