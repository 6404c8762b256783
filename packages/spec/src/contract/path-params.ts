import * as z from "zod"
import { kindText, nameText, projectText } from "./body.ts"

export interface ProjectParams {
  readonly project: string
}

export interface EntityParams extends ProjectParams {
  readonly id: string
}

export interface RunParams extends ProjectParams {
  readonly run: string
}

/** What can be asked of a run; `build` and `run` change nothing, as the POST of the run has done both. */
export const runEvents = ["stop", "resume", "delete", "build", "run"] as const

export type RunEvent = (typeof runEvents)[number]

/** Schema of {@link ProjectParams}. */
export const projectParams: z.ZodType<ProjectParams> = z.object({ project: projectText })

/** Schema of {@link EntityParams}. */
export const entityParams: z.ZodType<EntityParams> = z.object({ project: projectText, id: nameText })

/** Schema of {@link RunParams}. */
export const runParams: z.ZodType<RunParams> = z.object({ project: projectText, run: nameText })

/** A run and what is asked of it. */
export const runEventParams: z.ZodType<EntityParams & { readonly event: RunEvent }> = z.object({
  project: projectText,
  id: nameText,
  event: z.enum(runEvents),
})

/** The name of a server-wide thing. */
export const namedParams: z.ZodType<{ readonly name: string }> = z.object({ name: nameText })

/** An id alone. */
export const idParams: z.ZodType<{ readonly id: string }> = z.object({ id: kindText })

/** For routes whose path has no members. */
export const noParams: z.ZodType<Record<never, never>> = z.object({})
