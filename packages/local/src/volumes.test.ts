import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { JsonObject, Volume } from "@berth/spec"
import { afterEach, describe, expect, it, onTestFinished } from "vitest"
import type { Isolation } from "./isolation/isolation.ts"
import { createExecutorFixture, type ExecutorFixture, scriptAttempt } from "./testing/executor-fixture.ts"
import { filesWith, has } from "./testing/machine.ts"
import { claimFolder } from "./volumes/claim.ts"

const fixtures: ExecutorFixture[] = []
const open = async (...options: Parameters<typeof createExecutorFixture>) => {
  const fixture = await createExecutorFixture(...options)
  fixtures.push(fixture)
  return fixture
}
afterEach(async () => {
  for (const fixture of fixtures.splice(0)) await fixture.dispose()
})

const object = (kind: string, name: string, rest: JsonObject = {}): JsonObject => {
  const { annotations, ...members } = rest
  return { apiVersion: "v1", kind, metadata: { name, ...(annotations && { annotations }) }, ...members }
}
const claim = (name: string, annotations: JsonObject = {}) => object("PersistentVolumeClaim", name, { annotations })
const claimVolume = (claimName: string, mountPath: string, more: Partial<Volume> = {}) =>
  ({ name: claimName, mountPath, volumeType: "persistent_volume_claim", spec: { claimName }, ...more }) as Volume
const withVolumes = (script: string, ...volumes: Volume[]) => scriptAttempt(script, { requirements: { volumes } })

const namespaces: readonly Isolation["name"][] = [
  ...(has("bwrap") ? (["bubblewrap"] as const) : []),
  ...(has("unshare") ? (["unshare"] as const) : []),
]

describe.each(namespaces)("volumes mounted by %s", (isolation) => {
  it("appear at a path that the host lacks, and the host's tree stays as it is", async () => {
    const root = `/berth-test-${process.pid}`
    const fixture = await open({ isolation, objects: [claim("models")] })
    const script = `echo hi > ${root}/deep/data/x; cat ${root}/deep/data/x; ls -d ${root}; touch /y ${root}/z`
    const first = await fixture.run(withVolumes(script, claimVolume("models", `${root}/deep/data`)))
    expect(first.log).toContain(`hi\n${root}\n`)
    expect(first.log.match(/Read-only file system/g)).toHaveLength(2)
    expect(existsSync(root)).toBe(false)
    const second = await fixture.run(
      withVolumes("cat /etc/berth-x/x; cat /etc/hostname", claimVolume("models", "/etc/berth-x")),
    )
    expect(second.log).toBe(`hi\n${readFileSync("/etc/hostname", "utf8")}`)
    expect(existsSync("/etc/berth-x")).toBe(false)
    expect(readFileSync(join(claimFolder(fixture.data, "demo", "models"), "x"), "utf8")).toBe("hi\n")
  })

  it("nest, hide what is below, work in /tmp, /run and /dev/shm, and at existing folders", async () => {
    const fixture = await open({ isolation, objects: [claim("a"), claim("b"), claim("c"), claim("d")] })
    const volumes = [
      claimVolume("b", "/data/inner"),
      claimVolume("a", "/data"),
      claimVolume("c", "/tmp/x/y"),
      claimVolume("d", "/opt"),
      { name: "run", mountPath: "/run/app", volumeType: "empty_dir", spec: {} },
      { name: "shm", mountPath: "/dev/shm", volumeType: "empty_dir", spec: { medium: "Memory", sizeLimit: "1Mi" } },
    ] as const satisfies Volume[]
    const script = `echo a > /data/f; echo b > /data/inner/f; echo c > /tmp/x/y/f; ls /opt; touch /run/app/f /dev/shm/g
      df -k /dev/shm | tail -1 | tr -s ' ' | cut -d' ' -f2; head -c 2000000 /dev/zero > /dev/shm/f || echo full`
    const { exit, log } = await fixture.run(withVolumes(script, ...volumes))
    expect(exit).toMatchObject({ reason: "exited", code: 0 })
    expect(log).toMatch(/^1024\n.*No space left on device\nfull\n$/s)
    const file = (name: string) => readFileSync(join(claimFolder(fixture.data, "demo", name), "f"), "utf8")
    expect([file("a"), file("b"), file("c")]).toEqual(["a\n", "b\n", "c\n"])
  })

  it("of a ConfigMap and a Secret hold their keys, modes and items, and cannot be written", async () => {
    const value = `canary-${Math.random().toString(36).slice(2)}`
    const base64 = (text: string) => Buffer.from(text).toString("base64")
    const fixture = await open({
      isolation,
      objects: [
        object("ConfigMap", "settings", { data: { a: "1", "b.txt": "2" }, binaryData: { bin: base64("\u0001") } }),
        object("Secret", "token", { data: { key: base64(value) }, stringData: { user: "ann" } }),
      ],
    })
    const volumes = [
      { name: "config", mountPath: "/config", volumeType: "config_map", spec: { name: "settings" } },
      {
        name: "some",
        mountPath: "/some",
        volumeType: "config_map",
        spec: { name: "settings", items: [{ key: "a", path: "deep/er/a", mode: 0o755 }] },
      },
      { name: "secret", mountPath: "/secret", volumeType: "secret", spec: { secretName: "token" } },
      {
        name: "one",
        mountPath: "/etc/one.conf",
        subPath: "b.txt",
        volumeType: "config_map",
        spec: { name: "settings" },
      },
    ] as const satisfies Volume[]
    const script = `cd /config; cat a b.txt; od -An -tx1 bin; stat -c '%a %n' a; cd /; stat -c '%a %n' some/deep/er/a secret secret/key
      cat /etc/one.conf secret/user; touch /config/new /secret/new; echo x > /secret/key; sleep 0.3; ls /some`
    const attempt = withVolumes(script, ...volumes)
    await fixture.executor.start(attempt)
    await fixture.running(attempt.uid)
    await fixture.logged(attempt, "ann")
    expect(filesWith(fixture.data, value)).toEqual([])
    expect(filesWith(fixture.data, base64(value))).toEqual([])
    await fixture.ended(attempt.uid)
    const log = await fixture.log(attempt)
    expect(log).toContain("12 01\n644 a\n755 some/deep/er/a\n700 secret\n400 secret/key\n2ann")
    expect(log.match(/Read-only file system/g)).toHaveLength(3)
    expect(log).toMatch(/\ndeep\n$/)
  })

  it("that are read-only cannot be written; others keep what was written", async () => {
    const fixture = await open({ isolation, objects: [claim("c")] })
    const write = await fixture.run(withVolumes("echo 1 > /d/x && echo ok", claimVolume("c", "/d")))
    const read = await fixture.run(withVolumes("cat /d/x; echo 2 > /d/x", claimVolume("c", "/d", { readOnly: true })))
    expect(write.log).toBe("ok\n")
    expect(read.log).toMatch(/^1\n.*Read-only file system/s)
  })

  it("that cannot be mounted where they should keep the program from starting, with the reason", async () => {
    const fixture = await open({ isolation, objects: [claim("c")] })
    const onFile = await fixture.run(withVolumes("echo ran", claimVolume("c", "/etc/passwd")))
    expect(onFile.exit).toMatchObject({ reason: "not_started", message: expect.stringMatching(/\/etc\/passwd/) })
    const onProc = await fixture.run(withVolumes("echo ran", claimVolume("c", "/proc/x")))
    expect(onProc.exit).toMatchObject({ reason: "not_started", message: expect.stringContaining("/proc/x") })
    expect([onFile.log, onProc.log]).toEqual(["", ""])
  })

  it("by a sub-path show only that folder, and never lead out of their volume", async () => {
    const fixture = await open({ isolation, objects: [claim("c")] })
    const folder = claimFolder(fixture.data, "demo", "c")
    const made = await fixture.run(withVolumes("pwd > /d/x; ls /d", claimVolume("c", "/d", { subPath: "team/a" })))
    expect(made.log).toBe("x\n")
    expect(existsSync(join(folder, "team/a/x"))).toBe(true)
    symlinkSync("/etc", join(folder, "out"))
    symlinkSync("team", join(folder, "in"))
    mkdirSync(join(folder, "n"))
    symlinkSync("../../../..", join(folder, "n", "up"))
    for (const subPath of ["out", "n/up/etc", "../d"]) {
      const { exit } = await fixture.run(withVolumes("ls /d", claimVolume("c", "/d", { subPath })))
      expect([subPath, exit.reason]).toEqual([subPath, "not_started"])
      expect(exit.message).toContain("leads out of its volume")
    }
    const inside = await fixture.run(withVolumes("ls /d", claimVolume("c", "/d", { subPath: "in/a" })))
    expect(inside.log).toBe("x\n")
  })

  it("hide Berth's own folder, the machine's cgroups and other programs", async () => {
    const fixture = await open({ isolation, objects: [claim("c")] })
    writeFileSync(join(fixture.data, "secret.key"), "k")
    const pattern = readFileSync("/proc/sys/kernel/core_pattern", "utf8")
    const script = `cat ${fixture.data}/secret.key; ls ${fixture.data} ${fixture.data}/local/attempts | sort
      ls /sys/fs/cgroup; echo $(ls -d /proc/[0-9]* | wc -l); echo "$(cat /proc/sys/kernel/core_pattern)" > /proc/sys/kernel/core_pattern; ls /dev/vda`
    const { log } = await fixture.run(scriptAttempt(script))
    expect(readFileSync("/proc/sys/kernel/core_pattern", "utf8")).toBe(pattern)
    expect(log).toContain("secret.key: No such file")
    expect(log).not.toMatch(/volumes|events|memory/)
    expect(log).toMatch(/core_pattern: (Read-only file system|Permission denied)/)
    expect(Number(/^(\d+)$/m.exec(log)?.[1])).toBeLessThan(8)
    expect(log).toContain("/dev/vda")
    expect(log).toContain("cannot access '/dev/vda'")
  })
})

describe("volumes", () => {
  it("wait for what is missing, say what it is, and start when it is there", async () => {
    const objects: JsonObject[] = []
    const fixture = await open({ objects })
    const attempt = withVolumes(
      "cat /c/a /s/k; ls /p",
      { name: "c", mountPath: "/c", volumeType: "config_map", spec: { name: "cm", items: [{ key: "a", path: "a" }] } },
      { name: "s", mountPath: "/s", volumeType: "secret", spec: { secretName: "sec" } },
      { name: "o", mountPath: "/o", volumeType: "secret", spec: { secretName: "none", optional: true } },
      claimVolume("data", "/p"),
    )
    await fixture.executor.start(attempt)
    expect(await fixture.waiting(attempt.uid)).toEqual([
      "volume.config_map.missing",
      "volume.secret.missing",
      "volume.claim.missing",
    ])
    objects.push(object("ConfigMap", "cm", { data: { b: "1" } }), object("Secret", "sec", { stringData: { k: "v" } }))
    objects.push(claim("data"))
    const missing = await fixture.until(attempt.uid, (each) => each.phase === "waiting" && each.reasons.length === 1)
    expect(missing).toMatchObject({ reasons: [{ code: "volume.key.missing", data: { key: "a", available: ["b"] } }] })
    objects[0] = object("ConfigMap", "cm", { data: { a: "x" } })
    expect(await fixture.ended(attempt.uid)).toMatchObject({ code: 0 })
    expect(await fixture.log(attempt)).toBe("xv")
  })

  it("of a claim are filled once from the folder that its manifest names", async () => {
    const home = realpathSync(mkdtempSync(join(tmpdir(), "berth-seed-")))
    const data = join(home, "data")
    const source = join(home, "corpus")
    onTestFinished(() => rmSync(home, { recursive: true, force: true }))
    const fixture = await open({ data, objects: [claim("seeded", { "berth.dev/source": "corpus" })] })
    mkdirSync(source)
    writeFileSync(join(source, "a.txt"), "one")
    const first = await fixture.run(withVolumes("cat /d/a.txt; echo two > /d/a.txt", claimVolume("seeded", "/d")))
    const second = await fixture.run(withVolumes("cat /d/a.txt", claimVolume("seeded", "/d")))
    expect([first.log, second.log]).toEqual(["one", "two\n"])
    expect(readFileSync(join(source, "a.txt"), "utf8")).toBe("one")
  })

  it("of a claim whose source is missing wait, say which folder and why, and start when it is there", async () => {
    const home = realpathSync(mkdtempSync(join(tmpdir(), "berth-seed-")))
    onTestFinished(() => rmSync(home, { recursive: true, force: true }))
    const objects = [claim("seeded", { "berth.dev/source": "corpus" })]
    const fixture = await open({ data: join(home, "data"), objects })
    const provenance = { "volumes.seeded": { layer: "run", path: ["volumes", 0] } } as const
    const attempt = { ...withVolumes("cat /d/a.txt", claimVolume("seeded", "/d")), provenance }
    await fixture.executor.start(attempt)
    const why = (reason: string) => [
      { code: "volume.claim.source", path: ["volumes", 0], data: { claim: "seeded", source: "corpus", reason } },
    ]
    const waits = (text: string) =>
      fixture.until(attempt.uid, (each) => each.phase === "waiting" && each.reasons[0]?.message.includes(text) === true)
    const corpus = join(home, "corpus")
    expect(await waits("not exist")).toMatchObject({ reasons: why(`it does not exist (${corpus})`) })
    writeFileSync(corpus, "")
    expect(await waits("no folder")).toMatchObject({ reasons: why("it is no folder") })
    rmSync(corpus)
    mkdirSync(corpus)
    writeFileSync(join(corpus, "a.txt"), "one")
    expect(await fixture.ended(attempt.uid)).toMatchObject({ code: 0 })
    expect(await fixture.log(attempt)).toBe("one")
  })

  it("that are scratch vanish: empty_dir, ephemeral, disk, and a claim by size with its run", async () => {
    const fixture = await open()
    const volumes = [
      { name: "e", mountPath: "/e", volumeType: "empty_dir", spec: {} },
      { name: "g", mountPath: "/g", volumeType: "ephemeral", spec: { size: "1Gi" } },
      { name: "m", mountPath: "/m", volumeType: "persistent_volume_claim", spec: { size: "1Gi" } },
    ] as const satisfies Volume[]
    const mark = `scratch-${Math.random().toString(36).slice(2)}`
    const script = `for d in e g m shared; do ls /$d; echo ${mark} > /$d/f; done`
    const first = scriptAttempt(script, { requirements: { volumes, resources: { disk: "1Gi" } } })
    expect((await fixture.run(first)).log).toBe("")
    const second = { ...first, uid: `${first.uid}-again`, number: 2 }
    expect((await fixture.run(second)).log).toBe("f\n")
    await fixture.executor.remove(first)
    await fixture.executor.remove(second)
    expect(filesWith(fixture.data, mark)).toEqual([])
  })

  it("over their size end the run", async () => {
    const fixture = await open()
    const volumes = [{ name: "e", mountPath: "/e", volumeType: "empty_dir", spec: { sizeLimit: "1Mi" } }] as const
    const attempt = scriptAttempt("head -c 3000000 /dev/zero > /e/f; sleep 30", { requirements: { volumes } })
    await fixture.executor.start(attempt)
    expect(await fixture.ended(attempt.uid)).toMatchObject({
      reason: "storage",
      message: expect.stringContaining("e "),
    })
  })

  it("that cannot be mounted are named by a variable, and the run says so", async () => {
    const fixture = await open({ isolation: "none", objects: [claim("my-data")] })
    const attempt = withVolumes('echo 1 > "$BERTH_VOLUME_MY_DATA/x"; ls /data 2>&1', claimVolume("my-data", "/data"))
    const { log } = await fixture.run(attempt)
    expect(log).toContain("No such file")
    expect(existsSync(join(claimFolder(fixture.data, "demo", "my-data"), "x"))).toBe(true)
    expect(fixture.seen.at(-1)).toMatchObject({
      parity: expect.arrayContaining([expect.objectContaining({ path: "volumes.my-data", level: "approximated" })]),
    })
  })
})
