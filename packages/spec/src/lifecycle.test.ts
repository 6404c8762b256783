import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { actions } from "./entity.ts"
import {
  canDelete,
  canResume,
  canStop,
  canTransition,
  isAtRest,
  isFinal,
  type RunState,
  runStates,
  transitions,
} from "./lifecycle.ts"

const anyState = fc.constantFrom(...runStates)
const anyAction = fc.constantFrom(...actions)

/** Every state that can be reached from one, itself included. */
function reachable(from: RunState, action: string, without: readonly RunState[] = []): ReadonlySet<RunState> {
  const seen = new Set<RunState>([from])
  for (const state of seen) {
    for (const next of runStates) {
      if (canTransition(state, next, action) && !without.includes(next)) seen.add(next)
    }
  }
  return seen
}

describe("the transition table", () => {
  it("follows a run from creation to its end, and back to PENDING between attempts", () => {
    const way: readonly RunState[] = ["CREATED", "BUILT", "READY", "PENDING", "RUNNING", "PENDING", "RUNNING"]
    way.slice(1).forEach((to, index) => {
      expect([way[index], to, canTransition(way[index] ?? "DELETED", to, "job")]).toEqual([way[index], to, true])
    })
    expect(canTransition("RUNNING", "COMPLETED", "job")).toBe(true)
    expect(canTransition("RUNNING", "STOP", "job")).toBe(true)
    expect(canTransition("STOP", "STOPPED", "job")).toBe(true)
  })

  it("never stays and never goes back to where a run was not yet built", () => {
    for (const state of runStates) {
      expect(canTransition(state, state)).toBe(false)
      expect(canTransition(state, "CREATED")).toBe(false)
    }
    expect(canTransition("RUNNING", "READY")).toBe(false)
    expect(canTransition("STOP", "RUNNING")).toBe(false)
  })

  it("takes every state that is not deleted to DELETED", () => {
    for (const action of actions) {
      for (const state of runStates) expect(reachable(state, action).has("DELETED")).toBe(true)
    }
  })

  it("lets every state that is not at rest reach an outcome without a deletion, unless it is being deleted", () => {
    for (const action of actions) {
      for (const state of runStates.filter((candidate) => !isAtRest(candidate) && candidate !== "DELETING")) {
        const ends = [...reachable(state, action, ["DELETING", "DELETED"])]
        for (const end of ["COMPLETED", "ERROR", "STOPPED"] as const) {
          expect([state, end, ends.includes(end)]).toEqual([state, end, true])
        }
      }
    }
  })

  it("I2: an outcome never becomes another, whatever is tried after it", () => {
    fc.assert(
      fc.property(anyAction, fc.array(anyState, { maxLength: 60 }), (action, attempts) => {
        let state: RunState = "CREATED"
        let outcome: RunState | undefined
        for (const to of attempts) {
          if (!canTransition(state, to, action)) continue
          state = to
          if (outcome !== undefined) expect(["DELETING", "DELETED"]).toContain(state)
          if (outcome === undefined && isFinal(state, action)) outcome = state
        }
      }),
      { numRuns: 2000 },
    )
  })

  it("resumes only what was stopped and serves", () => {
    for (const action of actions) {
      const resumable = action === "serve" || action === "deploy"
      for (const state of runStates) {
        expect(canTransition(state, "RESUME", action)).toBe(resumable && state === "STOPPED")
        expect(canResume(state, action)).toBe(resumable && state === "STOPPED")
      }
      expect(isFinal("STOPPED", action)).toBe(!resumable)
    }
  })

  it("knows no state that is not in its list", () => {
    for (const [from, next] of Object.entries(transitions)) {
      expect(runStates).toContain(from)
      for (const to of next) expect(runStates).toContain(to)
      expect(new Set(next).size).toBe(next.length)
    }
  })
})

interface ModelRun {
  state: RunState
  readonly action: string
}

/** What a client or the reconciler may do with a run, each guarded by the function that guards it in the server. */
const commands = [
  { name: "stop", allowed: ({ state }: ModelRun) => canStop(state), to: ["STOP", "STOPPED"] },
  { name: "resume", allowed: ({ state, action }: ModelRun) => canResume(state, action), to: ["RESUME"] },
  { name: "delete", allowed: ({ state }: ModelRun) => canDelete(state), to: ["DELETING"] },
] as const

describe("the guards", () => {
  it("accept exactly what the table lets happen", () => {
    for (const action of actions) {
      for (const state of runStates) {
        for (const command of commands) {
          const byTable = command.to.some((to) => canTransition(state, to, action))
          const run = { state, action }
          if (command.name !== "stop" || state !== "STOP") {
            expect([command.name, state, command.allowed(run)]).toEqual([command.name, state, byTable])
          }
        }
      }
    }
  })

  it("keep a model run inside the table for any sequence of commands and events", () => {
    const step = fc.record({ command: fc.constantFrom(...commands), event: anyState, first: fc.boolean() })
    fc.assert(
      fc.property(anyAction, fc.array(step, { maxLength: 40 }), (action, steps) => {
        const run: ModelRun = { state: "CREATED", action }
        let final = false
        for (const { command, event, first } of steps) {
          if (first && command.allowed(run)) {
            expect(canTransition(run.state, command.to[0], action)).toBe(true)
            run.state = command.to[0]
          } else if (event !== "RESUME" && canTransition(run.state, event, action)) {
            run.state = event
          }
          if (final) expect(["COMPLETED", "ERROR", "STOPPED", "DELETING", "DELETED"]).toContain(run.state)
          final = isFinal(run.state, action)
          expect(canStop(run.state) && isAtRest(run.state)).toBe(false)
        }
      }),
      { numRuns: 1000 },
    )
  })
})
