import { describe, expect, it } from "vitest"
import type { Exit } from "./executor.ts"
import { type ExitContext, exitFinding, resultFinding } from "./outcome.ts"
import type { RunnerError, RunnerResult } from "./runner.ts"

const nothing: ExitContext = { requirements: {}, provenance: {} }
const at = "2026-01-01T00:00:00Z"

function exit(facts: Partial<Exit>): Exit {
  return { reason: "exited", finishedAt: at, ...facts }
}

function failed(error: Partial<RunnerError>): RunnerResult {
  return { version: 1, ok: false, error: { stage: "raised", type: "ValueError", message: "no", ...error } }
}

const limited: ExitContext = {
  requirements: { resources: { mem: { limits: "8Gi" } } },
  provenance: { "resources.mem.limits": { layer: "run", path: ["resources", "mem", "limits"] } },
}

describe("exitFinding", () => {
  it.each([
    ["a good end", exit({ code: 0 }), undefined],
    ["a user failure", exit({ code: 3 }), "exit.nonzero"],
    ["not executable", exit({ code: 126 }), "exit.not_executable"],
    ["not found", exit({ code: 127 }), "exit.not_found"],
    ["a plain code above 128", exit({ code: 200 }), "exit.nonzero"],
    ["exit(-1)", exit({ code: 255 }), "exit.nonzero"],
    ["SIGILL", exit({ code: 132, reason: "signaled" }), "exit.native_crash"],
    ["an abort told by a shell", exit({ code: 134 }), "exit.native_crash"],
    ["SIGBUS", exit({ code: 135, reason: "signaled" }), "exit.native_crash"],
    ["SIGFPE", exit({ code: 136, reason: "signaled" }), "exit.native_crash"],
    ["SIGSEGV", exit({ code: 139, reason: "signaled" }), "exit.native_crash"],
    ["a stray SIGTERM", exit({ code: 143, reason: "signaled" }), "exit.signaled"],
    ["a SIGKILL of unknown cause", exit({ code: 137, reason: "signaled" }), "exit.signaled"],
    ["an odd signal", exit({ code: 128 + 31, reason: "signaled" }), "exit.signaled"],
    ["OOMKilled", exit({ code: 137, reason: "oom" }), "exit.out_of_memory"],
    ["a stop", exit({ code: 143, reason: "stopped" }), "run.stopped"],
    ["a lost machine", exit({ reason: "lost" }), "run.lost"],
    ["an eviction", exit({ code: 137, reason: "disrupted" }), "run.disrupted"],
    ["too much scratch data", exit({ code: 137, reason: "storage" }), "storage.exceeded"],
    ["no start", exit({ reason: "not_started", message: "no such interpreter" }), "run.not_started"],
    ["no start for lack of the file", exit({ reason: "not_started", code: 127 }), "exit.not_found"],
  ] as const)("%s", (_name, facts, code) => {
    expect(exitFinding(facts, nothing)?.code).toBe(code)
  })

  it("puts Berth's own reason before whatever the signal looks like", () => {
    const killed = exit({ code: 137, reason: "oom" })
    expect(exitFinding(killed, { ...nothing, cause: { kind: "timeout.running", timeout: "30m" } })).toMatchObject({
      code: "timeout.running",
      message: expect.stringContaining("30m"),
    })
    expect(exitFinding(killed, { ...nothing, cause: { kind: "stopped", user: "ann" } })?.message).toContain("ann")
  })

  it("names limit and peak of an out-of-memory kill and offers half as much again at the user's path", () => {
    const finding = exitFinding(exit({ reason: "oom", code: 137, peakMemoryBytes: 8 * 1024 ** 3 }), limited)
    expect(finding?.message).toBe("Killed at its memory limit of 8Gi (OOMKilled); its peak was 8 GiB.")
    expect(finding?.path).toEqual(["resources", "mem", "limits"])
    expect(finding?.fix).toEqual([{ op: "replace", path: "/resources/mem/limits", value: "12Gi" }])
  })

  it("offers whole bytes and keeps the user's suffix", () => {
    const of = (limits: string) =>
      exitFinding(exit({ reason: "oom", code: 137 }), { ...limited, requirements: { resources: { mem: { limits } } } })
    expect(of("1Gi")?.fix).toMatchObject([{ value: "1536Mi" }])
    expect(of("1001")?.fix).toMatchObject([{ value: "1502" }])
    expect(of("500M")?.fix).toMatchObject([{ value: "750M" }])
  })

  it("gives no fix for a limit that another layer set", () => {
    const finding = exitFinding(exit({ reason: "oom", code: 137 }), {
      ...limited,
      provenance: { "resources.mem.limits": { layer: "profile", path: ["resources", "mem"] } },
    })
    expect(finding?.code).toBe("exit.out_of_memory")
    expect(finding?.fix).toBeUndefined()
  })

  it("suspects memory behind a SIGKILL only near the limit", () => {
    const killed = (peakMemoryBytes: number) =>
      exitFinding(exit({ code: 137, reason: "signaled", peakMemoryBytes, memoryLimitBytes: 1000 }), limited)?.code
    expect(killed(950)).toBe("exit.out_of_memory.suspected")
    expect(killed(949)).toBe("exit.signaled")
  })

  it("prefers the handler's exception to its exit code, and a crash to an old result", () => {
    const result = failed({})
    expect(exitFinding(exit({ code: 1 }), { ...nothing, result })?.code).toBe("handler.raised")
    expect(exitFinding(exit({ code: 0 }), { ...nothing, result })?.code).toBe("handler.raised")
    expect(exitFinding(exit({ code: 139, reason: "signaled" }), { ...nothing, result })?.code).toBe("exit.native_crash")
  })

  it("shows the log's end as evidence of the program's own failure", () => {
    const logTail = ["epoch 3", "Traceback"]
    expect(exitFinding(exit({ code: 1 }), { ...nothing, logTail })?.evidence).toEqual(logTail)
    expect(exitFinding(exit({ reason: "lost" }), { ...nothing, logTail })?.evidence).toBeUndefined()
  })
})

describe("resultFinding", () => {
  it("says nothing about a value", () => {
    expect(resultFinding({ version: 1, ok: true, value: 1 })).toBeUndefined()
  })

  it("keeps the traceback as evidence, line by line", () => {
    const finding = resultFinding(failed({ traceback: 'Traceback:\n  File "a.py", line 1\nValueError: no\n' }))
    expect(finding?.message).toBe("The handler raised ValueError: no")
    expect(finding?.evidence).toEqual(["Traceback:", '  File "a.py", line 1', "ValueError: no"])
  })

  it.each([
    [{ stage: "load" }, "handler.load_failed"],
    [{ stage: "raised" }, "handler.raised"],
    [{ stage: "result", type: "NotJson" }, "result.not_json"],
    [{ stage: "result", type: "TooLarge" }, "result.too_large"],
  ] as const)("%o", (error, code) => {
    expect(resultFinding(failed(error))?.code).toBe(code)
  })
})
