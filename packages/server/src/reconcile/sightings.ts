import type { AttemptRef, Observation } from "@berth/spec"

/**
 * The last that the executor said about each attempt, and since when its silence means absence.
 *
 * All of it can be lost at any moment: a new listing brings it back.
 */
export interface Sightings {
  note(observation: Observation): void
  of(uid: string): Observation | undefined
  /** Of one run, as reported; runs and attempts that the database does not know included. */
  ofRun(project: string, run: string): readonly Observation[]
  /** The executor has accepted it. */
  accepted(uid: string): void
  isAccepted(uid: string): boolean
  /** A full list, begun after the attempt was accepted, is in. */
  isListed(uid: string): boolean
  /** A full list begins. */
  beginListing(): void
  /** The full list is in: what it lacks is not there. */
  endListing(): void
  forget(uid: string): void
}

export function createSightings(): Sightings {
  const runs = new Map<string, Map<string, Observation>>()
  const byUid = new Map<string, Observation>()
  const accepted = new Set<string>()
  /** Seen, or accepted, since the listing began. */
  const fresh = new Set<string>()
  let listed = false

  function runOf({ project, run }: AttemptRef): Map<string, Observation> {
    const key = `${project}/${run}`
    const known = runs.get(key) ?? new Map<string, Observation>()
    runs.set(key, known)
    return known
  }

  function forgetObservation(uid: string): void {
    const observation = byUid.get(uid)
    if (observation === undefined) return
    byUid.delete(uid)
    const ofRun = runOf(observation.attempt)
    ofRun.delete(uid)
    if (ofRun.size === 0) runs.delete(`${observation.attempt.project}/${observation.attempt.run}`)
  }

  return {
    note(observation) {
      const { uid } = observation.attempt
      byUid.set(uid, observation)
      runOf(observation.attempt).set(uid, observation)
      fresh.add(uid)
    },
    of: (uid) => byUid.get(uid),
    ofRun: (project, run) => [...(runs.get(`${project}/${run}`)?.values() ?? [])],
    accepted(uid) {
      accepted.add(uid)
      fresh.add(uid)
    },
    isAccepted: (uid) => accepted.has(uid),
    isListed: (uid) => listed && (byUid.has(uid) || !fresh.has(uid)),
    beginListing() {
      listed = false
      fresh.clear()
    },
    endListing() {
      listed = true
      for (const uid of [...byUid.keys()]) if (!fresh.has(uid)) forgetObservation(uid)
    },
    forget(uid) {
      forgetObservation(uid)
      accepted.delete(uid)
      fresh.delete(uid)
    },
  }
}
