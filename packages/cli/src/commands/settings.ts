import { readFile } from "node:fs/promises"
import { BerthError, isJsonObject, type JsonObject, type Policy, type Profile } from "@berth/spec"
import { printResult } from "../output.ts"
import type { Session } from "../session.ts"
import { formatTable } from "../table.ts"

/** A YAML or JSON file with one object in it. */
async function readObject(file: string): Promise<JsonObject> {
  const { parseYaml } = await import("../yaml-text.ts")
  const content = parseYaml(await readFile(file, "utf8"), file)
  if (isJsonObject(content)) return content
  throw new BerthError("invalid", `${file} holds no map of names and values.`)
}

/** `berth profile list`. */
export async function listProfiles(session: Session): Promise<void> {
  const profiles: Profile[] = []
  for await (const profile of session.client.profiles.list()) profiles.push(profile)
  await printResult(profiles, session, () =>
    profiles.length === 0
      ? "No profiles. An administrator makes one: berth profile set FILE"
      : formatTable(profiles, [
          { title: "NAME", cell: (profile) => profile.name },
          { title: "DESCRIPTION", cell: (profile) => profile.description ?? "" },
          { title: "SETS", cell: (profile) => Object.keys(profile.requirements).join(", ") },
        ]),
  )
}

/** `berth profile get NAME`. */
export async function getProfile(session: Session, name: string): Promise<void> {
  const profile = await session.client.profiles.get(name)
  await printResult(profile, session, () => JSON.stringify(profile, null, 2))
}

/** `berth profile set FILE`: a file with name, description, requirements and modes. */
export async function setProfile(session: Session, file: string): Promise<void> {
  const body = await readObject(file)
  const name = typeof body.name === "string" ? body.name : ""
  if (name === "") throw new BerthError("invalid", `${file} needs a name for the profile.`)
  const profile = await session.client.transport.call("writeProfile", {
    params: { name },
    body: body as unknown as Profile,
  })
  await printResult(profile, session, () => `Profile ${profile.name} is set.`)
}

/** `berth profile delete NAME`. */
export async function deleteProfile(session: Session, name: string): Promise<void> {
  await session.client.profiles.delete(name)
  await printResult({ name }, session, () => `Profile ${name} is deleted.`)
}

/** `berth policy get`. */
export async function getPolicy(session: Session): Promise<void> {
  const policy = await session.client.project(session.project).policy.get()
  await printResult(policy, session, () =>
    Object.keys(policy).length === 0
      ? `Project ${session.project} has no policy of its own: everything on the page is allowed; classes, security, service types and pod patches are not.`
      : formatTable(Object.entries(policy), [
          { title: "FIELD", cell: ([field]) => field },
          { title: "RULE", cell: ([, rule]) => (typeof rule === "string" ? rule : `allow ${rule.allow.join(", ")}`) },
        ]),
  )
}

/** `berth policy set FILE`. */
export async function setPolicy(session: Session, file: string): Promise<void> {
  const policy = await session.client.project(session.project).policy.set((await readObject(file)) as Policy)
  await printResult(
    policy,
    session,
    () => `The policy of project ${session.project} has ${Object.keys(policy).length} rules.`,
  )
}
