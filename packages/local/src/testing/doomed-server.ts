import { doomedAttempt, notesClaim } from "./doomed-attempt.ts"
import { createExecutorFixture } from "./executor-fixture.ts"

/** A server's part in `kill.test.ts`: a process of its own that accepts attempts and is killed at any moment. */
const [data = "", ...uids] = process.argv.slice(2)
const fixture = await createExecutorFixture({ data, objects: [notesClaim] })
process.stdout.write("ready\n")
for (const [index, uid] of uids.entries()) await fixture.executor.start(doomedAttempt(uid, index))
setInterval(() => {}, 1000)
