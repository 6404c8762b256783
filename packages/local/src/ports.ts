import { connect, createServer } from "node:net"
import type { Attempt } from "@berth/spec"

/** The ports a served program binds on this machine. */
export function targetPorts(attempt: Attempt): readonly number[] {
  if (attempt.action !== "serve") return []
  return (attempt.requirements.servicePorts ?? []).map(({ targetPort }) => targetPort)
}

/** True when nobody listens there. */
export function isPortFree(port: number): Promise<boolean> {
  const { promise, resolve, reject } = Promise.withResolvers<boolean>()
  const server = createServer()
  server.once("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EADDRINUSE") resolve(false)
    else reject(error)
  })
  server.listen({ port, host: "127.0.0.1", exclusive: true }, () => server.close(() => resolve(true)))
  return promise
}

/** True when somebody answers on loopback. */
export function isAnswering(port: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const socket = connect({ port, host: "127.0.0.1", timeout: 1000 })
  const settle = (answer: boolean) => {
    socket.destroy()
    resolve(answer)
  }
  socket
    .once("connect", () => settle(true))
    .once("error", () => settle(false))
    .once("timeout", () => settle(false))
  return promise
}
