import type { Policy, Profile } from "@berth/spec"
import { afterAll, describe, expect, it } from "vitest"
import { createEngines } from "./engines-for-tests.ts"
import { at, fill } from "./rows-for-tests.ts"

describe.each(createEngines())("settings on $name", ({ skipped, open, end }) => {
  describe.skipIf(skipped)("with a database", () => {
    afterAll(end)

    it("keep profiles by name", async () => {
      const { store } = await open()
      const large: Profile = {
        name: "large",
        requirements: { resources: { mem: "64Gi" } },
        modes: { resources: "append" },
      }
      const gpu: Profile = { name: "1xa100", description: "one", requirements: { b: 1, a: 2 } }
      await store.settings.putProfile(large, at(0))
      await store.settings.putProfile(gpu, at(0))
      expect(await store.settings.profiles()).toEqual([gpu, large])
      await store.settings.putProfile({ ...gpu, description: "two" }, at(1))
      expect((await store.settings.profiles()).map((profile) => profile.description)).toEqual(["two", undefined])
      expect(await store.settings.removeProfile("large")).toBe(true)
      expect(await store.settings.removeProfile("large")).toBe(false)
      expect(await store.settings.profiles()).toHaveLength(1)
    })

    it("keep a policy per project", async () => {
      const { store } = await open()
      await fill(store)
      expect(await store.settings.policy("p")).toEqual({})
      const policy: Policy = { volumes: "deny", priorityClass: { allow: ["low"] } }
      await store.settings.putPolicy("p", { volumes: "allow" }, at(0))
      await store.settings.putPolicy("p", policy, at(1))
      expect(await store.settings.policy("p")).toEqual(policy)
      expect(await store.settings.policy("q")).toEqual({})
      await expect(store.settings.putPolicy("gone", {}, at(0))).rejects.toMatchObject({ code: "not_found" })
    })

    it("keep objects in their order until they are replaced", async () => {
      const { store } = await open()
      await fill(store)
      const objects = [
        { kind: "ConfigMap", data: { z: "1", a: "2" } },
        { kind: "Secret", stringData: { token: "t" } },
        { kind: "Node", metadata: { name: "n" } },
        { no: "kind" },
      ]
      await store.settings.putObjects("p", objects, at(0))
      const read = await store.settings.objects("p")
      expect(JSON.stringify(read)).toBe(JSON.stringify(objects))
      await store.settings.putObjects("p", objects.slice(0, 1), at(1))
      expect(await store.settings.objects("p")).toEqual(objects.slice(0, 1))
      await store.settings.putObjects("p", [], at(1))
      expect(await store.settings.objects("p")).toEqual([])
    })
  })
})
