import { describe, expectTypeOf, it } from "vitest"
import type * as z from "zod"
import type { Affinity } from "../affinity.ts"
import type { Requirements, Volume } from "../requirements.ts"
import type { affinitySchema } from "./affinity.ts"
import { canonicalSchema } from "./schema.ts"
import type { volumeSchema } from "./volumes.ts"

/** The same type without `readonly`, unions spread out, so that two spellings of one type are one. */
type Plain<T> = T extends readonly (infer Item)[]
  ? Plain<Item>[]
  : T extends object
    ? { -readonly [K in keyof T]: Plain<T[K]> }
    : T

type Fields = Omit<Requirements, "podPatch">

describe("the schema and the interfaces are one", () => {
  it("requirements", () => {
    expectTypeOf<Plain<Omit<z.infer<typeof canonicalSchema>, "podPatch">>>().toEqualTypeOf<Plain<Fields>>()
    expectTypeOf<keyof z.infer<typeof canonicalSchema>>().toEqualTypeOf<keyof Requirements>()
    expectTypeOf<Plain<Affinity>>().toEqualTypeOf<Plain<z.infer<typeof affinitySchema>>>()
    expectTypeOf<Plain<Volume>>().toEqualTypeOf<Plain<z.infer<typeof volumeSchema>>>()
  })
  it("refuses what the interface does not have", ({ expect }) => {
    const volume = { volumeType: "config_map", name: "a", mountPath: "/a", spec: { claimName: "x" } }
    expect(canonicalSchema.safeParse({ volumes: [volume] }).success).toBe(false)
    expect(canonicalSchema.safeParse({ replicas: -1 }).success).toBe(false)
    expect(canonicalSchema.safeParse({ volumes: [{ ...volume, spec: { name: "x" } }] }).success).toBe(true)
  })
})
