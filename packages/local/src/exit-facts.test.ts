import type { Exit } from "@berth/spec"
import { expect, it } from "vitest"
import type { AttemptFiles, ExitFile } from "./attempt-files.ts"
import { toExit } from "./exit-facts.ts"

const at = "2026-01-01T00:00:00.000Z"
const ended: ExitFile = { at, code: 0, tree: true, missing: false, stopped: false, oomKills: 0 }
const details = { setup: "mount: no", program: "prog" }
const base: AttemptFiles = { begun: true, stopRequested: false }

const cases: readonly [name: string, files: Partial<AttemptFiles>, exit: Partial<ExitFile>, expected: Partial<Exit>][] =
  [
    ["ended well", {}, { exit: 0 }, { reason: "exited", code: 0 }],
    ["the program's own status, not the isolation's", {}, { exit: 3, code: 1 }, { reason: "exited", code: 3 }],
    ["without a tree the isolation's", {}, { tree: false, code: 4 }, { reason: "exited", code: 4 }],
    ["a signal", {}, { exit: 139 }, { reason: "signaled", code: 139 }],
    ["128 is no signal", {}, { exit: 128 }, { reason: "exited", code: 128 }],
    ["200 is no signal", {}, { exit: 200 }, { reason: "exited", code: 200 }],
    ["its first process was killed", {}, { code: 1 }, { reason: "signaled", code: 137 }],
    ["stopped, with its own code", {}, { exit: 0, stopped: true }, { reason: "stopped", code: 0 }],
    ["stopped and killed", {}, { stopped: true, code: 1 }, { reason: "stopped", code: 137 }],
    ["asked to stop, but it ended before", { stopRequested: true }, { exit: 0 }, { reason: "exited", code: 0 }],
    ["an oom kill", {}, { exit: 1, oomKills: 1 }, { reason: "oom", code: 137 }],
    ["an oom kill while it was stopped", {}, { stopped: true, oomKills: 2 }, { reason: "oom", code: 137 }],
    ["ended by the watcher", { verdict: { reason: "oom", message: "" } }, { code: 137 }, { reason: "oom", code: 137 }],
    ["too much storage", { verdict: { reason: "storage", message: "big" } }, {}, { reason: "storage", message: "big" }],
    ["not found", {}, { missing: true, exit: 127 }, { reason: "not_started", code: 127 }],
    ["not isolated", { begun: false }, { code: 126 }, { reason: "not_started", message: "mount: no" }],
    ["lost", { verdict: { reason: "lost", message: "gone" } }, {}, { reason: "lost", message: "gone" }],
    ["given up", { verdict: { reason: "not_started", message: "no" } }, {}, { reason: "not_started", message: "no" }],
  ]

const named = cases.map(([name, files, exit, expected]) => ({ name, files, exit, expected }))

it.each(named)("$name", ({ files, exit, expected }) => {
  const merged = { ...base, ...files, exit: { ...ended, ...exit } }
  const facts = toExit(merged, details)
  expect(facts).toMatchObject({ finishedAt: at, ...expected })
  if (expected.code === undefined && expected.reason !== "storage") expect(facts).not.toHaveProperty("code")
})

it("carries the runner's result and the memory it used", () => {
  const files = { ...base, exit: { ...ended, exit: 0, peakBytes: 5 } }
  expect(toExit(files, { ...details, memoryLimitBytes: 9, result: { result: { ok: true } } })).toMatchObject({
    result: { ok: true },
    peakMemoryBytes: 5,
    memoryLimitBytes: 9,
  })
})
