import { createServer } from "node:net"
import { expect, test } from "vitest"
import type { Trial } from "./conformance.ts"
import { toRef } from "./subject.ts"

/** A port that was free a moment ago. */
async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const address = server.address()
  await new Promise<void>((resolve) => server.close(() => resolve()))
  if (address === null || typeof address === "string") throw new Error("no port")
  return address.port
}

export function checkService({ subject, observer, make, newRun }: Trial): void {
  test("a service is announced once it answers, and is gone after its stop", async () => {
    const port = await freePort()
    const requirements = { servicePorts: [{ port, targetPort: port }] }
    const command = subject().serverCommand(port)
    const attempt = make({ run: newRun(), action: "serve", requirements, command })
    await subject().executor.start(attempt)
    const url = await expect
      .poll(
        () => {
          const last = observer().last(attempt.uid)
          return last?.phase === "running" ? last.service?.url : undefined
        },
        { timeout: 15_000 },
      )
      .toMatch(/^[^:/]+:\d+$/)
      .then(() => serviceUrl(observer().last(attempt.uid)))
    const answer = await fetch(`http://${url}/`)
    expect(answer.status).toBeLessThan(500)
    await answer.text()
    await subject().executor.stop(toRef(attempt), { graceSeconds: 5 })
    expect((await observer().until(attempt.uid, "ended")).exit.reason).toBe("stopped")
    await expect(fetch(`http://${url}/`)).rejects.toThrow()
  })

  test("a service that ends by itself ends as any program does", async () => {
    const port = await freePort()
    const requirements = { servicePorts: [{ port, targetPort: port }] }
    const attempt = make({ run: newRun(), action: "serve", requirements, script: "exit 5" })
    await subject().executor.start(attempt)
    expect((await observer().until(attempt.uid, "ended")).exit).toMatchObject({ reason: "exited", code: 5 })
  })
}

function serviceUrl(observation: ReturnType<ReturnType<Trial["observer"]>["last"]>): string {
  return observation?.phase === "running" ? (observation.service?.url ?? "") : ""
}
