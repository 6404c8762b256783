import { existsSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import type { JsonObject, Volume } from "@berth/spec"
import { afterEach, describe, expect, it } from "vitest"
import { createAttemptTable } from "./attempt-table.ts"
import { expandVariables } from "./environment.ts"
import { placesOf } from "./places.ts"
import { createExecutorFixture, type ExecutorFixture, scriptAttempt } from "./testing/executor-fixture.ts"
import { claimFolder, ensureClaim } from "./volumes/claim.ts"

const fixtures: ExecutorFixture[] = []
const open = async (...options: Parameters<typeof createExecutorFixture>) => {
  const fixture = await createExecutorFixture(...options)
  fixtures.push(fixture)
  return fixture
}
afterEach(async () => {
  for (const fixture of fixtures.splice(0)) await fixture.dispose()
})

const claim = (name: string, source?: string): JsonObject => ({
  apiVersion: "v1",
  kind: "PersistentVolumeClaim",
  metadata: { name, ...(source !== undefined && { annotations: { "berth.dev/source": source } }) },
})
const claimVolume = (claimName: string, mountPath: string): Volume => ({
  name: claimName,
  mountPath,
  volumeType: "persistent_volume_claim",
  spec: { claimName },
})

describe("a claim is not filled from", () => {
  it.each([
    ["the server's own root", "/proc/self/root"],
    ["the server's environment", "/proc/self/environ"],
    ["the key", "DATA/secret.key"],
    ["a claim of another project", "DATA/volumes/other/theirs"],
    ["a link to the data folder", "LINK"],
    ["a folder around the data folder", "PARENT"],
  ])("%s", async (_what, place) => {
    const objects: JsonObject[] = []
    const fixture = await open({ objects })
    mkdirSync(join(fixture.data, "volumes/other/theirs"), { recursive: true })
    writeFileSync(join(fixture.data, "secret.key"), "key")
    const link = `${fixture.data}-link`
    symlinkSync(place === "LINK" ? fixture.data : dirname(fixture.data), link)
    try {
      objects.push(claim("c", place.replace("DATA", fixture.data).replace(/^(LINK|PARENT)$/, link)))
      const requirements = { volumes: [claimVolume("c", "/c")] }
      const attempt = scriptAttempt("ls /c", { requirements })
      await fixture.executor.start(attempt)
      expect(await fixture.waiting(attempt.uid)).toEqual(["volume.claim.source"])
      expect(existsSync(claimFolder(fixture.data, "demo", "c"))).toBe(false)
    } finally {
      rmSync(link)
    }
  })
})

it("a link in a claim is no mount point", async () => {
  const fixture = await open({
    objects: [claim("c"), { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "m" }, data: { a: "1" } }],
  })
  const target = `${fixture.data}-outside`
  await fixture.run(scriptAttempt(`ln -s ${target} /c/conf`, { requirements: { volumes: [claimVolume("c", "/c")] } }))
  const file = { name: "m", mountPath: "/c/conf", subPath: "a", volumeType: "config_map", spec: { name: "m" } } as const
  const { exit } = await fixture.run(
    scriptAttempt("cat /c/conf", { requirements: { volumes: [claimVolume("c", "/c"), file] } }),
  )
  const made = existsSync(target)
  rmSync(target, { force: true })
  expect(exit.reason).toBe("not_started")
  expect(made).toBe(false)
})

it("an end that was cut short is an end", async () => {
  const fixture = await open()
  const attempt = scriptAttempt("true")
  const { attempt: folder } = placesOf(fixture.data, attempt.uid)
  await fixture.close()
  createAttemptTable(fixture.data).accept(attempt)
  writeFileSync(join(folder, "started"), "999999 1 other-boot\n")
  writeFileSync(join(folder, "exit"), "code 0\n")
  fixtures.splice(fixtures.indexOf(fixture), 1)
  const again = await Promise.race([
    open({ data: fixture.data }),
    new Promise<never>((_, reject) => setTimeout(() => reject(new Error("hangs")), 3000)),
  ])
  expect(await again.ended(attempt.uid)).toMatchObject({ reason: "lost" })
})

it("two runs may fill a claim at the same time", async () => {
  const fixture = await open()
  const source = join(fixture.data, "..", `seed-${process.pid}`)
  mkdirSync(source)
  for (let i = 0; i < 300; i++) writeFileSync(join(source, `f${i}`), "x")
  const folder = claimFolder(fixture.data, "p", "c")
  await Promise.all([1, 2, 3].map(() => ensureClaim(folder, fixture.data, claim("c", source))))
  rmSync(source, { recursive: true })
})

it("a program may write to /dev/stderr and /dev/stdout", async () => {
  const fixture = await open()
  const { log } = await fixture.run(
    scriptAttempt("echo one; echo two > /dev/stderr; echo three; echo four > /dev/stdout; echo five"),
  )
  expect(log).toBe("one\ntwo\nthree\nfour\nfive\n")
})

it("half an attempt's record does not keep the server from starting", async () => {
  const fixture = await open()
  mkdirSync(placesOf(fixture.data, "x-1").attempt, { recursive: true })
  writeFileSync(join(placesOf(fixture.data, "x-1").attempt, "attempt.json"), "")
  expect(createAttemptTable(fixture.data).all()).toEqual([])
})

it("a PATH of the user's is not the supervisor's", async () => {
  const fixture = await open({ objects: [claim("c")] })
  const folder = claimFolder(fixture.data, "demo", "c")
  const proof = `${fixture.data}-proof`
  const plant = `for n in cat sleep rm rmdir; do printf '#!/bin/sh\\n: > ${proof}\\nexec /bin/'$n' "$@"\\n' > /c/$n; chmod +x /c/$n; done`
  await fixture.run(scriptAttempt(plant, { requirements: { volumes: [claimVolume("c", "/c")] } }))
  await fixture.run(
    scriptAttempt("true", { requirements: { envs: [{ name: "PATH", value: `${folder}:/bin:/usr/bin` }] } }),
  )
  const escaped = existsSync(proof)
  rmSync(proof, { force: true })
  expect(escaped).toBe(false)
})

it("expands in linear time", () => {
  const start = performance.now()
  expandVariables("$(".repeat(20_000), {})
  expect(performance.now() - start).toBeLessThan(1000)
})
