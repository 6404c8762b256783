import { expect, expectTypeOf, it } from "vitest"
import { createFinding, type Finding } from "./finding.ts"

it("takes severity, class, words and advice from the vocabulary", () => {
  expect(createFinding("exit.nonzero", { exitCode: 3 })).toEqual({
    code: "exit.nonzero",
    severity: "error",
    class: "user",
    data: { exitCode: 3 },
    message: "The program ended with exit code 3.",
  })
  expect(createFinding("timeout.queued", { timeout: "24h" }).hint).toBe(
    "The findings beside this one say what it waited for.",
  )
})

it("keeps place, evidence, fix and other advice, and leaves out what is not given", () => {
  const fix = [{ op: "remove", path: "/a" }] as const
  const context = { path: ["a"], evidence: ["x"], fix, hint: "Do this." }
  expect(createFinding("field.required", { field: "a" }, context)).toMatchObject(context)
  const bare = createFinding("field.required", { field: "a" }, { path: undefined, fix: undefined })
  expect(Object.keys(bare).sort()).toEqual(["class", "code", "data", "message", "severity"])
})

it("types the facts by the code", () => {
  expectTypeOf<Finding<"exit.nonzero">["data"]>().toEqualTypeOf<{ exitCode: number }>()
  // @ts-expect-error: not a fact of this code
  createFinding("exit.nonzero", { code: 3 })
  // @ts-expect-error: no such code
  expect(() => createFinding("exit.nonsense", {})).toThrow()
})
