import { BerthError, type Entity } from "@berth/spec"
import { printResult } from "../output.ts"
import type { Session } from "../session.ts"
import { formatTable } from "../table.ts"

/** `berth secret set NAME`: the value comes from standard input, never from the command line. */
export async function setSecret(session: Session, name: string): Promise<void> {
  const value = await readValue(session, name)
  await session.client.projects.ensure(session.project)
  await session.client.project(session.project).secrets.set(name, value)
  if (value.length < 6) {
    session.terminal.note(
      `${name} is shorter than 6 characters: it can't be masked in logs without masking half of them.`,
    )
  }
  await printResult({ name }, session, () => `${name} is set.`)
}

/** One line break at the end is the terminal's or echo's, not the value's. */
async function readValue(session: Session, name: string): Promise<string> {
  if (process.stdin.isTTY === true) {
    const { isCancel, password } = await import("@clack/prompts")
    const value = await password({ message: `Value of ${name} in project ${session.project}` })
    if (isCancel(value)) throw new BerthError("canceled", "Nothing was set.")
    return value
  }
  const chunks: Buffer[] = []
  for await (const chunk of process.stdin) chunks.push(Buffer.from(chunk))
  const value = Buffer.concat(chunks)
    .toString("utf8")
    .replace(/\r?\n$/, "")
  if (value === "")
    throw new BerthError(
      "invalid",
      `Give the value of ${name} on standard input: echo -n VALUE | berth secret set ${name}`,
    )
  return value
}

/** `berth secret get NAME`: the value itself, for a script. */
export async function getSecret(session: Session, name: string): Promise<void> {
  const value = await session.client.project(session.project).secrets.readValue(name)
  await printResult({ name, value }, session, () => value)
}

/** `berth secret list`: names, never values. */
export async function listSecrets(session: Session): Promise<void> {
  const secrets: Entity[] = []
  for await (const secret of session.client.project(session.project).secrets.list()) secrets.push(secret)
  await printResult(secrets, session, () =>
    secrets.length === 0
      ? `No secrets in project ${session.project}. Set one: echo -n VALUE | berth secret set NAME`
      : formatTable(secrets, [
          { title: "NAME", cell: (secret) => secret.name },
          { title: "UPDATED", cell: (secret) => secret.metadata.updated },
          { title: "BY", cell: (secret) => secret.user },
        ]),
  )
}

/** `berth secret delete NAME`. */
export async function deleteSecret(session: Session, name: string): Promise<void> {
  await session.client.project(session.project).secrets.delete(name)
  await printResult({ name }, session, () => `${name} is deleted.`)
}

/** `berth secret rotate-key`: everything stored is encrypted under a new key. */
export async function rotateKey(session: Session): Promise<void> {
  const rotated = await session.client.transport.call("rotateSecretKey", { params: {} })
  await printResult(rotated, session, () => {
    const { rotated: count } = rotated
    return `There is a new key; ${count} ${count === 1 ? "secret is" : "secrets are"} encrypted under it.`
  })
}
