import { BerthError, type ShareEntity } from "@berth/spec"
import type { ShareRow } from "../store/store.ts"
import { checkOwner } from "./auth.ts"
import type { AppDeps } from "./deps.ts"
import { notFound } from "./envelope.ts"
import type { Handlers } from "./handlers.ts"
import { requireProject } from "./projects.ts"

type ShareHandlers = Pick<Handlers, "shareProject" | "listShares" | "deleteShare">

/** Who else may use a project. */
export function shareHandlers(deps: AppDeps): ShareHandlers {
  const { store } = deps
  return {
    async shareProject({ params, query, principal }) {
      checkOwner(principal, params.project)
      const project = await requireProject(store, params.project)
      if (query.user === principal.name) throw new BerthError("invalid", "A project is not shared with oneself.")
      const row: ShareRow = {
        id: deps.newId(),
        project: project.name,
        owner: project.user,
        user: query.user,
        created: deps.now().toISOString(),
      }
      await store.principals.share(row)
      return toShare(row)
    },
    async listShares({ params }) {
      await requireProject(store, params.project)
      return (await store.principals.shares(params.project)).map(toShare)
    },
    async deleteShare({ params, query, principal }) {
      checkOwner(principal, params.project)
      await requireProject(store, params.project)
      if (!(await store.principals.removeShare(params.project, query.id))) throw notFound("share", query.id)
    },
  }
}

function toShare({ id, project, owner, user, created }: ShareRow): ShareEntity {
  return { id, project, entity: "project", entityId: project, owner, user, issuedTime: created }
}
