import {
  BerthError,
  createFinding,
  didYouMean,
  type Finding,
  normalise,
  type Profile,
  requirementNames,
} from "@berth/spec"
import { checkPolicyDocument } from "../policy.ts"
import type { AppDeps } from "./deps.ts"
import { notFound } from "./envelope.ts"
import type { Handlers } from "./handlers.ts"
import { requireProject } from "./projects.ts"

type SettingHandlers = Pick<
  Handlers,
  "listProfiles" | "readProfile" | "writeProfile" | "deleteProfile" | "readPolicy" | "writePolicy" | "rotateSecretKey"
>

/** What administrators set: profiles of the server, the policy of each project. */
export function settingHandlers(deps: AppDeps): SettingHandlers {
  const { store } = deps
  return {
    listProfiles: async () => store.settings.profiles(),
    async readProfile({ params }) {
      const profile = (await store.settings.profiles()).find(({ name }) => name === params.name)
      if (profile === undefined) throw notFound("profile", params.name)
      return profile
    },
    async writeProfile({ params, body }) {
      if (body.name !== params.name) {
        throw new BerthError("invalid", `The path says the profile ${params.name}, the body ${body.name}.`)
      }
      refuse(checkProfile(body))
      await store.settings.putProfile(body, deps.now().toISOString())
      return body
    },
    async deleteProfile({ params }) {
      if (!(await store.settings.removeProfile(params.name))) throw notFound("profile", params.name)
    },
    async readPolicy({ params }) {
      await requireProject(store, params.project)
      return store.settings.policy(params.project)
    },
    async writePolicy({ params, body }) {
      await requireProject(store, params.project)
      refuse(checkPolicyDocument(body))
      await store.settings.putPolicy(params.project, body, deps.now().toISOString())
      return body
    },
    rotateSecretKey: async () => ({ rotated: await store.secrets.rotateKey() }),
  }
}

function refuse(issues: readonly Finding[]): void {
  if (issues.length > 0) throw new BerthError("invalid", issues[0]?.message ?? "Invalid.", { issues })
}

/** A profile is checked when it is written: its mistakes are not the users' to find. */
function checkProfile({ requirements, modes }: Profile): readonly Finding[] {
  const read = normalise(requirements, { unknownKeys: "error", knownMembers: [] })
  const wrong = read.findings.filter(({ severity }) => severity === "error")
  const inside = wrong.map(toProfilePath)
  const unknown = Object.keys(modes ?? {})
    .filter((field) => !requirementNames.includes(field))
    .map((field) => {
      const suggestion = didYouMean(field, requirementNames)
      const data = { field, ...(suggestion !== undefined && { suggestion }) }
      return createFinding("profile.mode_unknown", data, { path: ["modes", field] })
    })
  return [...inside, ...unknown]
}

/** From the requirements' own document to the profile's; a fix of the part is none of the whole. */
function toProfilePath({ fix: _fix, ...finding }: Finding): Finding {
  return { ...finding, path: ["requirements", ...(finding.path ?? [])] }
}
