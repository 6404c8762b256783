import type { Attempt } from "@berth/spec"
import { scriptAttempt } from "./executor-fixture.ts"

export const notesClaim = { apiVersion: "v1", kind: "PersistentVolumeClaim", metadata: { name: "notes" } }

/** Notes that it was started, prints for a while, and ends with a code of its own. */
export function doomedAttempt(uid: string, index: number): Attempt {
  const script = `echo started >> /notes/${uid}
    for i in 1 2 3 4 5 6 7 8 9 10; do echo "${uid} $i"; sleep 0.0$((i % 10)); done; exit ${index + 1}`
  const volumes = [
    { name: "notes", mountPath: "/notes", volumeType: "persistent_volume_claim", spec: { claimName: "notes" } },
  ] as const
  return { ...scriptAttempt(script, { requirements: { volumes } }), uid, run: uid }
}
