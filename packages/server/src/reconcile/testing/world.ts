import { type Attempt, canTransition, type Exit, isFinal, type Observation } from "@berth/spec"
import type { AttemptRow, RunChange, RunRow } from "../../store/store.ts"
import { type ApplyOptions, apply } from "../apply.ts"
import { decide } from "../decide.ts"
import { liveAttempt } from "../decision.ts"
import { createSightings, type Sightings } from "../sightings.ts"
import { runRow, t0 } from "./rows.ts"

/** Thrown where the server dies. */
export class Crash extends Error {}

interface Thing {
  readonly attempt: Attempt
  phase: "waiting" | "running" | "ended"
  exit?: Exit
}

const outcomes = ["COMPLETED", "ERROR", "STOPPED"]

/**
 * A database, an executor and a server that may die between any two of their effects. It breaks as soon as one of the
 * invariants does.
 */
export class World {
  row: RunRow | undefined
  attempts: AttemptRow[] = []
  /** What the executor has. */
  readonly things = new Map<string, Thing>()
  readonly broken: string[] = []
  /** How often the user's code was started, by attempt. */
  readonly started = new Map<string, number>()
  sightings: Sightings = createSightings()
  nowMs = Date.parse(t0)
  /** A program that ignores SIGTERM ends by SIGKILL only. */
  isStubborn = false
  /** Effects until the server dies; before or after the effect. */
  #crash: { left: number; readonly after: boolean } | undefined

  constructor(row: Parameters<typeof runRow>[0]) {
    this.row = runRow(row)
  }

  get now(): string {
    return new Date(this.nowMs).toISOString()
  }

  /** One pass over the run; the server dies after so many effects. Undefined: it was killed. */
  async pass(crash?: { readonly left: number; readonly after: boolean }): Promise<number | undefined> {
    const row = this.row
    if (row === undefined) return undefined
    this.#crash = crash === undefined ? undefined : { ...crash }
    const current = liveAttempt(this.attempts)
    const uid = current?.uid ?? ""
    const decision = decide(row, this.attempts, {
      observed: current && this.sightings.of(uid),
      context: {
        now: this.now,
        synced: this.sightings.isListed(uid),
        launched: this.sightings.isAccepted(uid),
        graceSeconds: 30,
      },
    })
    this.#checkLoss(decision.attempts)
    try {
      await apply(row, decision, this.#outside())
    } catch (error) {
      if (!(error instanceof Crash)) throw error
      this.restart()
      return undefined
    } finally {
      this.#crash = undefined
    }
    for (const { uid: gone } of (decision.attempts ?? []).filter(({ removed }) => removed)) this.sightings.forget(gone)
    return decision.wakeAt ?? Number.POSITIVE_INFINITY
  }

  /** Everything in memory is gone. */
  restart(): void {
    this.sightings = createSightings()
  }

  /** The program of an attempt moves on by itself. */
  progress(exit: Exit): void {
    const thing = [...this.things.values()].find(({ phase }) => phase !== "ended")
    if (thing === undefined) return
    if (thing.phase === "waiting") this.#run(thing)
    else Object.assign(thing, { phase: "ended", exit })
  }

  /**
   * Somebody or something takes the attempt away without a trace. Not in the moment between its start and the first
   * write of what was seen of it: a server that dies then too cannot tell this from a start that never came.
   */
  vanish(): void {
    const seen = this.attempts.find(({ uid, observation }) => observation !== undefined && this.things.has(uid))
    if (seen !== undefined) this.things.delete(seen.uid)
  }

  list(): void {
    this.sightings.beginListing()
    for (const uid of this.things.keys()) this.deliver(uid)
    this.sightings.endListing()
  }

  deliver(uid: string): void {
    const thing = this.things.get(uid)
    if (thing !== undefined) this.sightings.note(this.#toObservation(thing))
    else if (this.attempts.some((attempt) => attempt.uid === uid && attempt.observation !== undefined)) {
      this.sightings.note({ attempt: this.#ref(uid), at: this.now, phase: "absent" })
    }
  }

  want(desired: RunRow["desired"]): void {
    const row = this.row
    if (row === undefined || row.desired === "delete") return
    if (desired === "run" && isFinal(row.state, row.action)) return
    if (desired === "stop" && outcomes.includes(row.state)) return
    this.row = { ...row, desired, revision: row.revision + 1 }
  }

  #outside(): ApplyOptions {
    const runs = {
      commit: (change: RunChange) => this.#effect(() => this.#commit(change)),
      remove: () => this.#effect(() => this.#forget()),
    } as unknown as ApplyOptions["store"]["runs"]
    const projects = { get: async () => undefined } as unknown as ApplyOptions["store"]["projects"]
    return {
      now: this.now,
      store: { runs, projects },
      executor: {
        start: (attempt) => this.#effect(() => this.#start(attempt)),
        stop: ({ uid }, { graceSeconds }) => this.#effect(() => this.#stop(uid, graceSeconds)),
        remove: ({ uid }) => this.#effect(() => void this.things.delete(uid)),
      },
      accepted: ({ uid }) => this.sightings.accepted(uid),
    }
  }

  async #effect<Result>(effect: () => Result): Promise<Result> {
    const crash = this.#crash
    if (crash !== undefined && !crash.after && crash.left-- === 0) throw new Crash()
    const result = effect()
    if (crash?.after && crash.left-- === 0) throw new Crash()
    return result
  }

  #commit(change: RunChange): boolean {
    const row = this.row
    if (row === undefined || row.revision !== change.revision) return false
    const state = change.set?.state ?? row.state
    if (state !== row.state && !canTransition(row.state, state, row.action)) {
      this.broken.push(`${row.state} became ${state}`)
    }
    this.row = { ...row, ...change.set, revision: row.revision + 1 } as RunRow
    for (const attempt of change.attempts ?? []) {
      this.attempts = [...this.attempts.filter(({ uid }) => uid !== attempt.uid), attempt]
    }
    return true
  }

  #forget(): void {
    this.row = undefined
    this.attempts = []
    if (this.things.size > 0) this.broken.push("I1: the row is gone, an attempt is not")
  }

  #start(attempt: Attempt): void {
    if (this.things.has(attempt.uid)) return
    const alive = [...this.things.values()].filter(({ phase }) => phase !== "ended")
    if (alive.length > 0) this.broken.push(`I3: ${attempt.uid} beside ${alive[0]?.attempt.uid}`)
    this.things.set(attempt.uid, { attempt, phase: "waiting" })
  }

  #stop(uid: string, graceSeconds: number): void {
    const thing = this.things.get(uid)
    if (thing === undefined || thing.phase === "ended") return
    if (thing.phase === "running" && this.isStubborn && graceSeconds > 0) return
    Object.assign(thing, { phase: "ended", exit: { reason: "stopped", code: 143, finishedAt: this.now } })
  }

  #run(thing: Thing): void {
    const { uid } = thing.attempt
    thing.phase = "running"
    const times = (this.started.get(uid) ?? 0) + 1
    this.started.set(uid, times)
    if (times > 1) this.broken.push(`I4: ${uid} was started ${times} times`)
  }

  /** What is there, or was never seen to be gone, is not lost. */
  #checkLoss(attempts: readonly AttemptRow[] | undefined): void {
    for (const { uid, findings } of attempts ?? []) {
      const isLost = findings?.some(({ code }) => code === "run.lost") === true
      const thing = this.things.get(uid)
      if (isLost && thing !== undefined && thing.exit?.reason !== "lost") this.broken.push(`${uid} is lost and there`)
    }
  }

  #toObservation({ attempt, phase, exit }: Thing): Observation {
    const seen = { attempt: this.#ref(attempt.uid), at: this.now }
    if (phase === "waiting") return { ...seen, phase, reasons: [] }
    if (exit === undefined) return { ...seen, phase: "running", startedAt: this.now, logs: [] }
    return { ...seen, phase: "ended", exit, logs: [] }
  }

  #ref(uid: string): Observation["attempt"] {
    const number = Number(/\d+$/.exec(uid)?.[0])
    return { uid, project: "p", run: "r1", number }
  }
}
