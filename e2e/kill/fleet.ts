import { existsSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { isAtRest, type RunEntity } from "@berth/spec"
import { expect } from "vitest"
import type { Api } from "../api.ts"
import type { ServerProcess } from "../server-process.ts"
import { chooseProgram, type KillProgram } from "./programs.ts"
import { processesOf } from "./traces.ts"

/** A run of the harness and what was asked of it. `maybe`: the server died before it answered. */
interface Ship {
  readonly id: string
  readonly program: KillProgram
  submitted: "yes" | "maybe"
  stop?: "yes" | "maybe"
  remove?: "yes" | "maybe"
  /** The first outcome that was seen. */
  outcome?: string
}

const project = "kill"
const runsPath = `/api/v1/-/${project}/runs`

/** The runs of the harness, under names that no other harness on the machine has: asks things of them at random, and knows what must have become of them. */
export class Fleet {
  readonly ships: Ship[] = []
  readonly #server: ServerProcess
  readonly #api: Api
  readonly #random: () => number

  constructor(options: { readonly server: ServerProcess; readonly api: Api; readonly random: () => number }) {
    this.#server = options.server
    this.#api = options.api
    this.#random = options.random
  }

  get alive(): number {
    return this.ships.filter(({ outcome, remove }) => outcome === undefined && remove === undefined).length
  }

  /** How many runs there were, and what became of them. */
  tally(): string {
    const ends = this.ships.map(({ outcome, remove }) => (remove === undefined ? outcome?.split(" ")[0] : "deleted"))
    const count = (end: string) => `${ends.filter((each) => each === end).length} ${end}`
    return `${ends.length} runs: ${["COMPLETED", "ERROR", "STOPPED", "deleted"].map(count).join(", ")}`
  }

  async submit(): Promise<void> {
    const program = chooseProgram(this.#random)
    const ship: Ship = { id: `ship-${process.pid}-${this.ships.length}`, program, submitted: "maybe" }
    this.ships.push(ship)
    await this.#api.submit({
      id: ship.id,
      command: "sh",
      args: ["-c", program.script],
      spec: {
        retries: { user: program.userRetries },
        volumes: [
          {
            volume_type: "persistent_volume_claim",
            name: "starts",
            mount_path: "/starts",
            spec: { claim_name: "starts" },
          },
        ],
      },
    })
    ship.submitted = "yes"
  }

  /** Refused whole: nothing of it may appear in the list of runs. */
  async submitNonsense(): Promise<void> {
    const before = this.ships.length
    const body = {
      kind: "container+job:run",
      id: `nonsense-${before}`,
      spec: { volumes: [{ name: "a" }, { name: "a" }] },
    }
    const { status } = await this.#api.request("POST", runsPath, body)
    expect(status).toBeGreaterThanOrEqual(400)
    expect(status).toBeLessThan(500)
  }

  async stopOne(): Promise<void> {
    const ship = this.#pick(({ stop, remove, outcome }) => !stop && !remove && outcome === undefined)
    if (ship === undefined) return
    ship.stop = "maybe"
    const { status } = await this.#api.request("POST", `${runsPath}/${ship.id}/stop`, {})
    if (status === 200) ship.stop = "yes"
    else expect([status, ship.submitted]).toEqual([404, "maybe"])
  }

  async removeOne(): Promise<void> {
    const ship = this.#pick(({ remove }) => !remove)
    if (ship === undefined) return
    ship.remove = "maybe"
    const { status } = await this.#api.request("DELETE", `${runsPath}/${ship.id}`)
    if (status === 200) ship.remove = "yes"
    else expect([status, ship.submitted]).toEqual([404, "maybe"])
  }

  /** Looks at every run: outcomes stay what they are (I2), and what is at rest has no process. */
  async look(): Promise<void> {
    for (const ship of this.ships) {
      const run = await this.#read(ship)
      if (run === undefined) {
        if (ship.remove === "yes" || ship.submitted === "yes") expect(processesOf(ship.id)).toEqual([])
        continue
      }
      const { state, reason } = run.status
      if (!isAtRest(state)) {
        expect(ship.outcome ?? (state === "DELETING" ? undefined : ship.outcome)).toBe(
          state === "DELETING" ? ship.outcome : undefined,
        )
        continue
      }
      expect(processesOf(ship.id)).toEqual([])
      ship.outcome ??= `${state} ${reason}`
      expect(`${ship.id} ${state} ${reason}`).toBe(`${ship.id} ${ship.outcome}`)
    }
  }

  /** What has not come to rest yet, or not gone. Endless programs are stopped on the way. */
  async underWay(): Promise<readonly string[]> {
    const underWay: string[] = []
    for (const ship of this.ships) {
      const run = await this.#read(ship)
      if (run === undefined) continue
      const { state, message } = run.status
      if (ship.remove === undefined && isAtRest(state)) continue
      underWay.push(`${ship.id} ${state}: ${message}`)
      await this.#hurry(ship)
    }
    return underWay
  }

  async #hurry(ship: Ship): Promise<void> {
    const path = `${runsPath}/${ship.id}`
    if (ship.remove === "maybe") {
      await this.#api.request("DELETE", path)
      ship.remove = "yes"
    } else if (ship.remove === undefined && ship.program.isEndless && ship.stop !== "yes") {
      await this.#api.request("POST", `${path}/stop`, {})
      ship.stop = "yes"
    }
  }

  /** Every run ended as it had to, with its whole log, and no attempt's program was started twice. */
  async check(): Promise<void> {
    for (const ship of this.ships) {
      const run = await this.#read(ship)
      this.#checkStarts(ship, run)
      if (run === undefined) {
        expect(`${ship.id} ${ship.submitted} ${ship.remove}`).not.toBe(`${ship.id} yes undefined`)
        continue
      }
      expect(ship.remove).toBeUndefined()
      this.#checkTransitions(run)
      await this.#checkEnd(ship, run)
    }
    const { content } = await this.#api.call<{ content: RunEntity[] }>("GET", `${runsPath}?size=1000`)
    expect(content.map(({ id }) => id).filter((id) => !id.startsWith("ship-"))).toEqual([])
  }

  async #checkEnd(ship: Ship, run: RunEntity): Promise<void> {
    const { program, id } = ship
    const attempts = 1 + (program.exitCode === 0 ? 0 : program.userRetries)
    const expected = Array.from({ length: attempts }, (_, index) => program.output(id, index + 1)).join("")
    const log = await this.#api.log(id)
    const { state, findings = [] } = run.status
    const codes = findings.map(({ code }) => code)
    expect(codes.filter((code) => code.startsWith("log."))).toEqual([])
    if (ship.stop !== undefined && state === "STOPPED") {
      expect(`${id} ${log}`).toBe(`${id} ${expected.slice(0, log.length)}`)
      return
    }
    expect(`${id} ${state}`).toBe(`${id} ${program.exitCode === 0 ? "COMPLETED" : "ERROR"}`)
    expect(run.status.attempts?.map(({ exitCode }) => exitCode)).toEqual(Array(attempts).fill(program.exitCode))
    expect(log === expected ? "whole" : { got: log.length, expected: expected.length, id }).toBe("whole")
  }

  /** A program appends its attempt's number when it begins. */
  #checkStarts({ id, program, stop, remove }: Ship, run: RunEntity | undefined): void {
    const path = join(this.#server.dataDir, "volumes", project, "starts", id)
    const starts = existsSync(path) ? readFileSync(path, "utf8").trim().split("\n") : []
    expect(starts).toEqual([...new Set(starts)])
    expect(starts).toEqual(starts.toSorted((a, b) => Number(a) - Number(b)))
    if (stop !== undefined || remove !== undefined || program.isEndless) return
    const attempts = program.exitCode === 0 ? 1 : 1 + program.userRetries
    if (starts.length !== attempts && run !== undefined) expect({ id, starts, status: run.status }).toBe(attempts)
  }

  #checkTransitions({ id, status }: RunEntity): void {
    const states = (status.transitions ?? []).map((transition) => transition.status).toReversed()
    expect(states.filter((state) => ["COMPLETED", "ERROR", "STOPPED"].includes(state))).toHaveLength(1)
    expect([id, states.at(-1)]).toEqual([id, status.state])
  }

  #pick(isFit: (ship: Ship) => boolean): Ship | undefined {
    const fit = this.ships.filter(isFit)
    return fit[Math.floor(this.#random() * fit.length)]
  }

  async #read({ id }: Ship): Promise<RunEntity | undefined> {
    const { status, text } = await this.#api.request("GET", `${runsPath}/${id}`)
    if (status === 404) return undefined
    expect(status).toBe(200)
    return JSON.parse(text) as RunEntity
  }
}
