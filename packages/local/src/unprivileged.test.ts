import { execFileSync } from "node:child_process"
import { chownSync, existsSync, mkdtempSync, realpathSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { Exit, Parity } from "@berth/spec"
import { describe, expect, it } from "vitest"
import type { Isolation } from "./isolation/isolation.ts"
import { findByCommand, has, isRoot } from "./testing/machine.ts"

const uid = 12_345

/** Runs the words as a user without any right; as the tests' own user where that is one already. */
function asUser(words: readonly string[]): string {
  const become = isRoot ? ["setpriv", `--reuid=${uid}`, `--regid=${uid}`, "--clear-groups", "--"] : []
  const [program = "", ...rest] = [...become, ...words]
  return execFileSync(program, rest, { encoding: "utf8", env: { PATH: process.env.PATH }, cwd: "/", timeout: 20_000 })
}

function canReadThis(): boolean {
  try {
    asUser(["test", "-r", import.meta.filename])
    return true
  } catch {
    return false
  }
}

const objects = [
  { kind: "PersistentVolumeClaim", metadata: { name: "c" } },
  { kind: "Secret", metadata: { name: "s" }, stringData: { key: "value" } },
]

function runAsUser(isolation: Isolation["name"], script: string) {
  const data = realpathSync(mkdtempSync(join(tmpdir(), "berth-user-")))
  if (isRoot) chownSync(data, uid, uid)
  const program = join(import.meta.dirname, "testing", "report-run.ts")
  const words = [process.execPath, "--conditions=@berth/source", program, data, isolation, script]
  const text = asUser([...words, ...objects.map((object) => JSON.stringify(object))])
  return JSON.parse(text) as { readonly exit: Exit; readonly log: string; readonly parity: readonly Parity[] }
}

const namespaces: readonly Isolation["name"][] = [
  ...(has("bwrap") ? (["bubblewrap"] as const) : []),
  ...(has("unshare") ? (["unshare"] as const) : []),
]

describe.runIf(!isRoot || (has("setpriv") && canReadThis()))("a server without rights", () => {
  it.each(namespaces)("mounts volumes and leaves nothing running by %s", (isolation) => {
    const mark = `36${Math.floor(Math.random() * 1e9)}`
    const script = `cat /etc/berth-token/key; echo; echo x > /berth-data/f && cat /berth-data/f; touch /etc/new
      echo y > /etc/berth-token/key; stat -c %a /etc/berth-token/key; setsid sleep ${mark} & grep CapEff /proc/self/status`
    const { exit, log, parity } = runAsUser(isolation, script)
    expect(exit).toMatchObject({ reason: "exited", code: 0 })
    expect(log).toMatch(/^value\nx\n/)
    expect(log).toMatch(/'\/etc\/new': (Read-only file system|Permission denied)/)
    expect(log).toContain("key: Read-only file system\n400\n")
    expect(log).toContain("CapEff:\t0000000000000000")
    expect(parity.find(({ path }) => path === "volumes.c")).toMatchObject({ level: "enforced" })
    expect(existsSync("/berth-data")).toBe(false)
    expect(findByCommand(`sleep ${mark}`)).toEqual([])
  })

  it("says what it cannot do without namespaces", () => {
    const { log, parity } = runAsUser("none", 'cat "$BERTH_VOLUME_S/key"')
    expect(log).toBe("value")
    expect(parity.find(({ path }) => path === "isolation")).toMatchObject({ level: "approximated" })
    expect(parity.find(({ path }) => path === "volumes.s.read_only")).toMatchObject({ level: "ignored" })
  })
})
